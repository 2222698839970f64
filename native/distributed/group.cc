#include "distributed/group.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <cstring>
#include <stdexcept>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "core/error.h"
#include "distributed/c10d.h"
#include "distributed/sockets.h"
#include "distributed/tree.h"
#include "distributed/wait.h"

// NCCL needs the CUDA build of libtorch and its own header (pip: nvidia-nccl). Neither compiled nor run so
// far: no machine with it was at hand.
#if defined(SINGLEPATH_CUDA) && __has_include(<nccl.h>)
#define SINGLEPATH_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace singlepath {
namespace {

c10::intrusive_ptr<c10d::ProcessGroupGloo> connect_gloo(const c10::intrusive_ptr<c10d::Store>& store,
                                                        const GroupOptions& options) {
  auto settings = c10d::ProcessGroupGloo::Options::create(options.timeout);
  // create_default() asks what the own name resolves to; 1.13 has no default at all.
  settings->devices = {options.interface.empty()
                           ? c10d::ProcessGroupGloo::createDeviceForHostname(options.address)
                           : c10d::ProcessGroupGloo::createDeviceForInterface(options.interface)};
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, options.rank, options.world_size, settings);
}

std::string seconds_of(std::chrono::milliseconds time) {
  const std::string text = std::to_string(static_cast<double>(time.count()) / 1000);
  return text.substr(0, text.find('.') + 2) + " s";
}

constexpr const char* kClosed = "it was closed here";

}  // namespace

struct Group::Backends {
  Wait wait;
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
#ifdef SINGLEPATH_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl;
#endif

  template <class Work>
  void finish(c10d::ProcessGroupGloo&, const c10::intrusive_ptr<Work>& work) {
    work->getFuture()->addCallback([done = wait.operation()](auto&) { done(); });
    const Wait::End end = wait.end();
    if (end == Wait::End::kDone) {
      work->wait();  // throws what it has ended with
      return;
    }
    // Its destructor waits for operations that run.
    static_cast<void>(gloo.release());
    throw std::runtime_error(end == Wait::End::kLost ? "it ended while a message was on its way" : kClosed);
  }

#ifdef SINGLEPATH_NCCL
  template <class Work>
  void finish(c10d::ProcessGroupNCCL&, const c10::intrusive_ptr<Work>& work) {
    work->wait();  // only orders the stream
  }
#endif
};

Group::Group(const GroupOptions& options) : options_(options), backends_(std::make_unique<Backends>()) {}

// The destructor of a Gloo group waits for operations that run.
Group::~Group() {
  abort();
}

void Group::connect(const Store& store) {
  if (backends_->gloo) return;
  // Gloo waits for the others without an end but its timeout: on a thread that may be left behind.
  struct Connecting {
    c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
    std::exception_ptr failure;
  };
  run([&] {
    backends_->store = c10::make_intrusive<c10d::PrefixStore>(options_.prefix, store.connection().store);
    const std::set<int> before = open_sockets();
    const auto connecting = std::make_shared<Connecting>();
    std::thread([connecting, done = backends_->wait.operation(), keys = backends_->store,
                 options = options_]() mutable {
      try {
        connecting->gloo = connect_gloo(keys, options);
      } catch (...) {
        connecting->failure = std::current_exception();
      }
      keys.reset();
      done();
    }).detach();
    const Wait::End end = backends_->wait.end(options_.connect_timeout);
    if (end == Wait::End::kLate) {
      throw Error("RANK_LOST", "Expected all ranks to connect within " +
                                   seconds_of(options_.connect_timeout) + " (distributed.connectTimeout)");
    }
    if (end != Wait::End::kDone) throw std::runtime_error(kClosed);
    if (connecting->failure) std::rethrow_exception(connecting->failure);
    backends_->gloo = std::move(connecting->gloo);
    backends_->wait.watch(before, static_cast<size_t>(options_.world_size) - 1);
  });
}

template <class Work>
void Group::run(Work work) {
  if (backends_->wait.aborted()) throw Error("RANK_LOST", "The connections of the group are closed");
  try {
    work();
  } catch (const Error&) {
    abort();
    throw;
  } catch (const std::exception& error) {
    const std::string line = first_line(error);
    abort();
    if (line.find("Timed out") != std::string::npos || line.find("timed out") != std::string::npos) {
      throw Error("RANK_LOST", "Another rank did not answer for " + seconds_of(options_.timeout) +
                                   " (distributed.timeout): " + line);
    }
    throw Error("RANK_LOST", "The connection to another rank was lost: " + line);
  }
}

template <class Work>
void Group::run_on(at::Tensor& flat, Work work) {
  const at::NoGradGuard no_grad;
  if (flat.is_cpu()) return run([&] { work(*backends_->gloo, flat); });
#ifdef SINGLEPATH_NCCL
  if (flat.is_cuda()) {
    run([&] {
      if (!backends_->nccl) {
        auto settings = c10d::ProcessGroupNCCL::Options::create();
        settings->timeout = options_.timeout;
        backends_->nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(
            c10::make_intrusive<c10d::PrefixStore>("nccl", backends_->store), options_.rank,
            options_.world_size, settings);
      }
      work(*backends_->nccl, flat);
    });
    return;
  }
#endif
  at::Tensor host = flat.cpu();
  run([&] { work(*backends_->gloo, host); });
  flat.copy_(host);
}

std::vector<Report> Group::exchange(const Report& own) {
  const auto ranks = static_cast<size_t>(options_.world_size);
  std::vector<Report> reports(ranks);
  const auto bytes = static_cast<int64_t>(sizeof(Report));
  std::vector<at::Tensor> input{at::empty({bytes}, at::kByte)};
  std::memcpy(input[0].data_ptr(), &own, sizeof(Report));
  std::vector<std::vector<at::Tensor>> outputs(1);
  for (size_t rank = 0; rank < ranks; ++rank) outputs[0].push_back(at::empty({bytes}, at::kByte));
  run([&] { backends_->finish(*backends_->gloo, backends_->gloo->allgather(outputs, input)); });
  for (size_t rank = 0; rank < ranks; ++rank)
    std::memcpy(&reports[rank], outputs[0][rank].data_ptr(), sizeof(Report));

  for (size_t rank = 0; rank < ranks; ++rank) {
    if ((reports[rank].flags & kFailed) == 0 || (own.flags & kFailed) != 0) continue;
    throw Error("RANK_LOST", "Rank " + std::to_string(rank) + " failed");
  }
  for (size_t rank = 0; rank < ranks && (own.flags & kFailed) == 0; ++rank) {
    if (reports[rank].step == own.step && reports[rank].key == own.key) continue;
    if (((reports[rank].flags | own.flags) & kNonFinite) != 0) continue;  // has no bucket to speak of
    throw Error("RANKS_DIFFER", "Expected all ranks to do the same but rank " + std::to_string(rank) +
                                    " is at step " + std::to_string(reports[rank].step + 1) + " and rank " +
                                    std::to_string(options_.rank) + " at step " +
                                    std::to_string(own.step + 1) +
                                    (reports[rank].step == own.step ? ", on another path" : ""));
  }
  return reports;
}

void Group::sum(at::Tensor& flat) {
  run_on(flat, [this](auto& backend, at::Tensor& tensor) {
    std::vector<at::Tensor> tensors{tensor};
    backends_->finish(backend, backend.allreduce(tensors));
  });
}

void Group::tree_sum(at::Tensor& flat) {
  const int ranks = options_.world_size;
  run_on(flat, [this, ranks](auto& backend, at::Tensor& tensor) {
    // Rank r sums the r-th part of all ranks.
    at::Tensor parts = at::empty_like(tensor);
    std::vector<int64_t> equal_parts;
    backends_->finish(backend, backend.alltoall_base(parts, tensor, equal_parts, equal_parts));
    std::vector<at::Tensor> own{tree_of(parts.chunk(ranks)).contiguous()};
    std::vector<std::vector<at::Tensor>> all{tensor.chunk(ranks)};
    backends_->finish(backend, backend.allgather(all, own));
  });
}

void Group::broadcast(at::Tensor& flat) {
  run_on(flat, [this](auto& backend, at::Tensor& tensor) {
    std::vector<at::Tensor> tensors{tensor};
    backends_->finish(backend, backend.broadcast(tensors));
  });
}

void Group::abort() {
  backends_->wait.abort();
}

}  // namespace singlepath
