#include "interpose/library_search.h"

namespace filemon {
namespace {

bool IsSeparator(char c) { return c == ':' || c == ';'; }

size_t SizeOfElement(const char* element) {
  size_t n = 0;
  while (element[n] != '\0' && !IsSeparator(element[n])) ++n;
  return n;
}

// The size of the token `name` at `text`, as `$NAME` or `${NAME}`; 0 if another
// text is there (elf/dl-load.c, is_dst()).
template <size_t N>
size_t SizeOfToken(const char* text, const char (&name)[N]) {
  const bool braces = text[1] == '{';
  const char* const begin = text + (braces ? 2 : 1);
  if (!StartsWith(begin, name)) return 0;
  const char after = begin[N - 1];
  if (braces) return after == '}' ? N + 2 : 0;
  const bool goes_on = (after >= 'A' && after <= 'Z') ||
                       (after >= 'a' && after <= 'z') ||
                       (after >= '0' && after <= '9') || after == '_';
  return goes_on ? 0 : N;
}

}  // namespace

bool TakeDirectory(const char** list, const Tokens& tokens, TextBuilder* out) {
  const char* p = *list;
  const char* const end = p + SizeOfElement(p);
  *list = *end != '\0' ? end + 1 : nullptr;
  bool possible = true;
  const size_t before = out->size();
  while (p < end) {
    if (*p != '$') {
      out->Add(p++, 1);
    } else if (const size_t size = SizeOfToken(p, "ORIGIN")) {
      out->Add(tokens.origin, tokens.origin_size);
      p += size;
    } else if (const size_t size = SizeOfToken(p, "LIB")) {
      if (tokens.lib == nullptr) possible = false;
      if (possible) out->Add(tokens.lib);
      p += size;
    } else {
      possible = false;  // `$PLATFORM` is seldom what one would think
      ++p;
    }
  }
  // Trailing slashes are one; the root is one too.
  size_t size = out->size();
  while (size > before + 1 && out->text()[size - 1] == '/') --size;
  out->Cut(size);
  if (size > before && out->text()[size - 1] != '/') out->Add("/");
  return possible && out->ok();
}

bool IsRepeated(const char* list, const char* element) {
  const size_t size = SizeOfElement(element);
  for (const char* p = list; p < element;) {
    const size_t n = SizeOfElement(p);
    if (n == size && EqualBytes(p, element, n)) return true;
    p += n + 1;
  }
  return false;
}

bool IsIn(const char* directory, size_t size, const char* name,
          const char* library) {
  if (strlen(library) < size || !EqualBytes(library, directory, size)) {
    return false;
  }
  const char* const rest = library + size;
  return Equal(rest, name) ||
         (StartsWith(rest, "glibc-hwcaps/") && Equal(FileOf(rest), name));
}

}  // namespace filemon
