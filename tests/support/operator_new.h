#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

// Replaces the operators new and delete of a program; for one of its files, which defines what is called before each
// allocation. It may throw bad_alloc.
void before_allocation();

namespace operator_new {

inline void* allocate(size_t bytes, size_t alignment) {
  before_allocation();
  void* memory = alignment > alignof(std::max_align_t)
                     ? std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)
                     : std::malloc(bytes ? bytes : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace operator_new

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // malloc and free belong together here

void* operator new(size_t bytes) { return operator_new::allocate(bytes, 0); }
void* operator new[](size_t bytes) { return operator_new::allocate(bytes, 0); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return operator_new::allocate(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return operator_new::allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
