// The function is entered by a jump, with an address of the caller's object in
// the place of its return address. What is there returns at once, to us: the
// end of the object's _fini(), which crti.o and crtn.o make of every object
// that a usual compiler links. It has no unwinding table (an unwinder ends
// there and does not go astray), and is no stranger to the processor's return
// stack than a jump into the function would be.
//
// Where the processor keeps a shadow stack of return addresses (CET) such a
// return would be an attack; there it cannot be done.
#include "interpose/caller.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "interpose/loaded_object.h"
#include "interpose/object_list.h"
#include "interpose/text.h"
#include "interpose/wrapper.h"

#if defined(__x86_64__)

// (gadget, function, a, b, c)
__asm__(
    ".text\n"
    ".hidden filemon_call_as\n"
    ".globl filemon_call_as\n"
    ".type filemon_call_as, @function\n"
    "filemon_call_as:\n"
    ".cfi_startproc\n"
    "  leaq 1f(%rip), %rax\n"
    "  pushq %rax\n"
    ".cfi_adjust_cfa_offset 8\n"
    "  pushq %rdi\n"
    ".cfi_adjust_cfa_offset 8\n"
    "  movq %rsi, %rax\n"
    "  movq %rdx, %rdi\n"
    "  movq %rcx, %rsi\n"
    "  movq %r8, %rdx\n"
    "  jmp *%rax\n"
    ".cfi_adjust_cfa_offset -16\n"
    "1: ret\n"
    ".cfi_endproc\n"
    ".size filemon_call_as, . - filemon_call_as\n");

#elif defined(__i386__)

// What the function's return address points to takes the first two of the three
// arguments off the stack, and the third into %ebx. The stack is aligned as for
// any call.
__asm__(
    ".text\n"
    ".hidden filemon_call_as\n"
    ".globl filemon_call_as\n"
    ".type filemon_call_as, @function\n"
    "filemon_call_as:\n"
    ".cfi_startproc\n"
    "  pushl %ebx\n"
    ".cfi_adjust_cfa_offset 4\n"
    ".cfi_rel_offset %ebx, 0\n"
    "  pushl %esi\n"
    ".cfi_adjust_cfa_offset 4\n"
    ".cfi_rel_offset %esi, 0\n"
    "  movl %esp, %esi\n"
    ".cfi_def_cfa_register %esi\n"
    "  call 2f\n"
    "2: popl %eax\n"
    "  leal 1f-2b(%eax), %eax\n"
    "  movl %esi, %ebx\n"
    "  andl $-16, %esp\n"
    "  pushl %eax\n"
    "  pushl 28(%ebx)\n"
    "  pushl 24(%ebx)\n"
    "  pushl 20(%ebx)\n"
    "  pushl 12(%ebx)\n"
    "  movl 16(%ebx), %eax\n"
    "  jmp *%eax\n"
    "1: movl %esi, %esp\n"
    ".cfi_def_cfa_register %esp\n"
    "  popl %esi\n"
    ".cfi_adjust_cfa_offset -4\n"
    "  popl %ebx\n"
    ".cfi_adjust_cfa_offset -4\n"
    "  ret\n"
    ".cfi_endproc\n"
    ".size filemon_call_as, . - filemon_call_as\n");

#endif

extern "C" void* filemon_call_as(const void* gadget, void* function, void* a,
                                 void* b, void* c);

namespace filemon {
namespace {

// dlfcn.h, since glibc 2.35; with room for what may be added.
struct FoundObject {
  unsigned long long flags;
  void* begin;
  void* end;
  link_map* map;
  void* more[16];
};
Original<int (*)(void*, FoundObject*)> original__dl_find_object;
Original<int (*)(int (*)(struct dl_phdr_info*, size_t, void*), void*)>
    original_dl_iterate_phdr;

struct Sought {
  const void* address;
  const link_map* map;
};

// dl_iterate_phdr() callback.
int FindHolder(struct dl_phdr_info* object, size_t, void* data) {
  auto* const sought = static_cast<Sought*>(data);
  if (!Holds(*object, sought->address)) return 0;
  const ElfW(Dyn)* const dynamic = DynamicOf(*object);
  const link_map* map = FirstObject();
  while (map != nullptr && map->l_ld != dynamic) map = map->l_next;
  sought->map = map;
  return 1;
}

const link_map* ObjectAt(const void* address) {
  if (original__dl_find_object.Exists("_dl_find_object")) {
    FoundObject found;
    const bool known = original__dl_find_object.Get("_dl_find_object")(
                           const_cast<void*>(address), &found) == 0;
    return known ? found.map : nullptr;
  }
  // Within the time of a dlopen(), which takes the same locks.
  Sought sought = {address, nullptr};
  original_dl_iterate_phdr.Get("dl_iterate_phdr")(FindHolder, &sought);
  return sought.map;
}

#if defined(__x86_64__)
constexpr unsigned char kEndOfFini[] = {0x48, 0x83, 0xc4, 0x08, 0xc3};
constexpr size_t kGadget = 4;  // ret
bool HasShadowStack() {
  // Leaves the register alone where there is none.
  uintptr_t pointer = 0;
  __asm__ volatile("rdsspq %0" : "+r"(pointer));
  return pointer != 0;
}
#elif defined(__i386__)
constexpr unsigned char kEndOfFini[] = {0x83, 0xc4, 0x08, 0x5b, 0xc3};
constexpr size_t kGadget = 0;  // add $8, %esp; pop %ebx; ret
bool HasShadowStack() {
  uintptr_t pointer = 0;
  __asm__ volatile("rdsspd %0" : "+r"(pointer));
  return pointer != 0;
}
#endif

const void* FindGadget(const link_map* object) {
#if defined(__x86_64__) || defined(__i386__)
  if (object == nullptr || HasShadowStack()) return nullptr;
  const unsigned char* fini = nullptr;
  for (const ElfW(Dyn)* d = object->l_ld; d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == DT_FINI) {
      fini = reinterpret_cast<const unsigned char*>(object->l_addr +
                                                    d->d_un.d_ptr);
    }
  }
  if (fini == nullptr) return nullptr;
  // No further than the page that it begins in: there may be no other.
  constexpr size_t kLongest = 40;
  constexpr uintptr_t kPage = 4096;
  const size_t rest = kPage - reinterpret_cast<uintptr_t>(fini) % kPage;
  const size_t size = rest < kLongest ? rest : kLongest;
  for (size_t i = 0; i + sizeof(kEndOfFini) <= size; ++i) {
    size_t n = 0;
    while (n < sizeof(kEndOfFini) && fini[i + n] == kEndOfFini[n]) ++n;
    if (n == sizeof(kEndOfFini)) return fini + i + kGadget;
  }
#else
  static_cast<void>(object);
#endif
  return nullptr;
}

}  // namespace

Caller::Caller(const void* return_address)
    : object_(ObjectAt(return_address)), gadget_(FindGadget(object_)) {}

void* Caller::CallAs(void* function, void* a, void* b, void* c) const {
#if defined(__x86_64__) || defined(__i386__)
  return filemon_call_as(gadget_, function, a, b, c);
#else
  return nullptr;
#endif
}

}  // namespace filemon
