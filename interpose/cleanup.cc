#include "interpose/cleanup.h"

#include "interpose/wrapper.h"

namespace filemon {
namespace {

Original<void (*)(void*, void (*)(void*), void*)> original_push;
Original<void (*)(void*, int)> original_pop;

bool MayBeCancelled() { return original_push.Exists("_pthread_cleanup_push"); }

}  // namespace

void Cleanup::Push(void (*routine)(void*), void* data) {
  if (!MayBeCancelled()) return;
  original_push.Get("_pthread_cleanup_push")(words_, routine, data);
}

void Cleanup::Pop() {
  if (MayBeCancelled()) original_pop.Get("_pthread_cleanup_pop")(words_, 0);
}

}  // namespace filemon
