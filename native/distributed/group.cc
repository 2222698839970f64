#include "distributed/group.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <cstring>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "core/error.h"
#include "distributed/c10d.h"
#include "distributed/sockets.h"

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

// The sum of neighbours, again and again: (0 + 1) + (2 + 3).
at::Tensor neighbours_summed(std::vector<at::Tensor> parts) {
  while (parts.size() > 1) {
    std::vector<at::Tensor> sums;
    for (size_t i = 0; i + 1 < parts.size(); i += 2) sums.push_back(parts[i] + parts[i + 1]);
    if (parts.size() % 2 == 1) sums.push_back(parts.back());
    parts = std::move(sums);
  }
  return parts.front();
}

}  // namespace

struct Group::Backends {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
#ifdef SINGLEPATH_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl;
#endif
};

Group::Group(const Store& store, const GroupOptions& options)
    : options_(options), backends_(std::make_unique<Backends>()) {
  backends_->store = c10::make_intrusive<c10d::PrefixStore>(options.prefix, store.connection().store);
  const std::set<int> before = open_sockets();
  run([&] { backends_->gloo = connect_gloo(backends_->store, options); });
  const std::lock_guard lock(mutex_);
  sockets_ = connected_since(before);
}

// The destructor of a Gloo group waits for operations that run.
Group::~Group() {
  abort();
}

template <class Work>
void Group::run(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (aborted_) throw Error("RANK_LOST", "The connections of the group are closed");
  }
  try {
    work();
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
  run([&] { backends_->gloo->allgather(outputs, input)->wait(); });
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
  run_on(flat, [](auto& backend, at::Tensor& tensor) {
    std::vector<at::Tensor> tensors{tensor};
    backend.allreduce(tensors)->wait();
  });
}

void Group::tree_sum(at::Tensor& flat) {
  const int ranks = options_.world_size;
  run_on(flat, [ranks](auto& backend, at::Tensor& tensor) {
    // Rank r sums the r-th part of all ranks.
    at::Tensor parts = at::empty_like(tensor);
    std::vector<int64_t> equal_parts;
    backend.alltoall_base(parts, tensor, equal_parts, equal_parts)->wait();
    std::vector<at::Tensor> own{neighbours_summed(parts.chunk(ranks)).contiguous()};
    std::vector<std::vector<at::Tensor>> all{tensor.chunk(ranks)};
    backend.allgather(all, own)->wait();
  });
}

void Group::broadcast(at::Tensor& flat) {
  run_on(flat, [](auto& backend, at::Tensor& tensor) {
    std::vector<at::Tensor> tensors{tensor};
    backend.broadcast(tensors)->wait();
  });
}

void Group::abort() {
  const std::lock_guard lock(mutex_);
  aborted_ = true;
  shut_down(sockets_);
  sockets_.clear();
}

}  // namespace singlepath
