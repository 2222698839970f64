#include "evaluate/naswot.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_slogdet.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "execute/executor.h"
#include "execute/images.h"

namespace singlepath {
namespace {

// Number of elements of `x` [N, ...] whose sign two images share, for every pair: [N, N] in float64.
at::Tensor agreements(const at::Tensor& x) {
  const at::Tensor signs = x.gt(0).flatten(1).to(at::kFloat).mul(2).sub(1);
  const double elements = static_cast<double>(signs.size(1));
  // The product counts agreements minus disagreements; both add up to the elements.
  return at::matmul(signs, signs.t()).to(at::kDouble).add(elements).div(2);
}

class AgreementWalk {
 public:
  AgreementWalk(ParameterStore& parameters, const Cancellation& cancellation, std::function<void()> on_layer,
                std::vector<double>& scores)
      : parameters_(parameters),
        cancellation_(cancellation),
        on_layer_(std::move(on_layer)),
        scores_(scores) {}

  // `kernel`: K of the layers before `node`. A chain lets go of its values as it goes.
  void visit(const TrieNode& node, at::Tensor x, const at::Tensor& kernel) {
    cancellation_.check();
    at::Tensor sum = kernel.clone();
    const std::function<void(const at::Tensor&)> on_activation = [&](const at::Tensor& input) {
      sum.add_(agreements(input));
    };
    StatisticsMap statistics;  // of this batch alone: nobody needs them
    Execution execution{node.architecture, parameters_, Mode::calibrate, nullptr, &statistics};
    execution.on_activation = &on_activation;
    x = run_layer(*node.layer, x, execution);
    on_layer_();
    size_t left = node.children.size();
    for (const auto& [key, child] : node.children) visit(*child, --left == 0 ? std::move(x) : x, sum);
    if (node.candidates.empty()) return;
    const double score = std::get<1>(at::linalg_slogdet(sum)).item<double>();
    for (const size_t candidate : node.candidates) scores_[candidate] = score;
  }

 private:
  ParameterStore& parameters_;
  const Cancellation& cancellation_;
  std::function<void()> on_layer_;
  std::vector<double>& scores_;
};

}  // namespace

std::vector<double> naswot_scores(const NetworkDescription& network, ParameterStore& parameters,
                                  const std::vector<Architecture>& candidates, const Batch& batch,
                                  const PopulationSettings& settings, const Cancellation& cancellation,
                                  const std::function<void(int64_t, int64_t)>& progress) {
  at::NoGradGuard no_grad;
  const Trie trie(network, candidates, settings.share);
  std::vector<double> scores(candidates.size());
  int64_t done = 0;
  AgreementWalk walk(parameters, cancellation, [&] { progress(++done, trie.nodes); }, scores);
  const at::Tensor images = images_of(batch, settings.device, settings.storage);
  const at::Tensor none = at::zeros({images.size(0), images.size(0)}, images.options().dtype(at::kDouble));
  for (const auto& root : trie.roots) walk.visit(*root, images, none);
  return scores;
}

}  // namespace singlepath
