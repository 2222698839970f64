#include "runtime/allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <torch/version.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/arena.h"

namespace singlepath {
namespace {

constexpr size_t kAlignment = 64;
// Smaller blocks are left to malloc, which handles them well.
constexpr size_t kSmallest = 16 << 10;

// libtorch's raw interface wants data and context to be one pointer, so a block's size lies before its data.
struct Header {
  size_t size;  // of the whole block; 0: from malloc
};
static_assert(sizeof(Header) <= kAlignment);

void release(void* data) {
  if (data == nullptr) return;
  auto* header = reinterpret_cast<Header*>(static_cast<char*>(data) - kAlignment);
  if (header->size == 0) {
    std::free(header);
  } else {
    shared_arena().give_back(header, header->size);
  }
}

class ArenaAllocator final : public c10::Allocator {
 public:
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  c10::DataPtr allocate(size_t bytes) override { return make(bytes); }
  void copy_data(void* to, const void* from, std::size_t count) const override {
    std::memcpy(to, from, count);
  }
#else
  c10::DataPtr allocate(size_t bytes) const override { return make(bytes); }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return &release; }

 private:
  static c10::DataPtr make(size_t bytes) {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &release, cpu};
    const size_t whole = (bytes + 2 * kAlignment - 1) / kAlignment * kAlignment;
    size_t size = 0;
    void* block =
        whole < kSmallest ? std::aligned_alloc(kAlignment, whole) : shared_arena().take(whole, &size);
    if (block == nullptr) throw std::bad_alloc();
    static_cast<Header*>(block)->size = size;
    void* data = static_cast<char*>(block) + kAlignment;
    return {data, data, &release, cpu};
  }
};

}  // namespace

void install_arena_allocator() {
  static ArenaAllocator* allocator = [] {
    auto* created = new ArenaAllocator;
    c10::SetCPUAllocator(created, /*priority=*/1);
    return created;
  }();
  (void)allocator;
}

}  // namespace singlepath
