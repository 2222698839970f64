#include "evaluate/population.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>

#include "data/later.h"
#include "execute/executor.h"
#include "execute/images.h"

namespace singlepath {
namespace {

bool has_batch_norm(const Layer& layer) {
  for (const Choice& choice : layer.choices) {
    for (const Node& node : choice.graph.nodes) {
      if (node.op == Op::batch_norm) return true;
    }
  }
  return false;
}

// Layers up to the last one with a BatchNorm: calibration ends there.
size_t calibrated_layers(const NetworkDescription& network) {
  size_t count = network.layers.size();
  while (count > 0 && !has_batch_norm(network.layers[count - 1])) --count;
  return count;
}

// Walks the trie depth first with one batch. Activations of one batch at the branches of the current chain
// are all the memory it takes.
class Walk {
 public:
  Walk(const NetworkDescription& network, ParameterStore& parameters, const PopulationSettings& settings,
       int64_t memory_bytes, QuantizedWeights& quantized_weights, const Cancellation& cancellation,
       std::function<void()> on_layer)
      : network_(network),
        parameters_(parameters),
        settings_(settings),
        memory_bytes_(memory_bytes),
        quantized_weights_(quantized_weights),
        cancellation_(cancellation),
        on_layer_(std::move(on_layer)) {
    if (const size_t count = calibrated_layers(network)) last_calibrated_ = &network.layers[count - 1];
  }

  // Adds this batch to the statistics of every node.
  void calibrate(Trie& trie, const at::Tensor& images) {
    mode_ = Mode::calibrate;
    if (last_calibrated_ == nullptr) return;
    for (auto& root : trie.roots) visit(*root, images, {});
  }

  // Adds this batch to the scores of every candidate.
  void validate(Trie& trie, const at::Tensor& images, const at::Tensor& labels, ScoreSheet& scores) {
    mode_ = Mode::evaluate;
    labels_ = &labels;
    scores_ = &scores;
    for (auto& root : trie.roots) visit(*root, images, {});
  }

  int64_t layers_run() const { return layers_run_; }

 private:
  // Runs `node` on `x`, then its subtree. `skipped`: ancestors whose values were not kept for lack of memory;
  // they run again first.
  void visit(TrieNode& node, at::Tensor x, std::vector<TrieNode*> skipped) {
    cancellation_.check();
    at::Tensor y = x;
    for (TrieNode* ancestor : skipped) y = run(*ancestor, y, /*first=*/false);
    y = run(node, y, /*first=*/true);
    on_layer_();
    if (mode_ == Mode::evaluate && node.children.empty())
      return scores_->add(node.candidates, y.to(at::kFloat), *labels_, node.architecture);
    if (mode_ == Mode::calibrate && node.layer == last_calibrated_) return;

    // On a card results stay where they are until their layer runs again: nothing is kept.
    if (settings_.recorded != nullptr) {
      for (auto& [key, child] : node.children) visit(*child, y, {});
      return;
    }
    const int64_t bytes = static_cast<int64_t>(y.nbytes());
    const bool branch = node.children.size() > 1;
    if (branch && kept_bytes_ + bytes > memory_bytes_) {
      y.reset();
      skipped.push_back(&node);
      for (auto& [key, child] : node.children) visit(*child, x, skipped);
      return;
    }
    x.reset();
    if (!branch) {
      visit(*node.children.begin()->second, std::move(y), {});
      return;
    }
    kept_bytes_ += bytes;
    for (auto& [key, child] : node.children) visit(*child, y, {});
    kept_bytes_ -= bytes;
  }

  at::Tensor run(TrieNode& node, const at::Tensor& x, bool first) {
    ++layers_run_;
    if (settings_.recorded != nullptr) {
      const auto layer = static_cast<size_t>(node.layer - network_.layers.data());
      return settings_.recorded->run(layer, node.architecture, x, mode_, &node.row);
    }
    // A repeated run must not count its batch twice: its statistics go nowhere.
    StatisticsMap scratch;
    StatisticsMap* statistics = mode_ == Mode::calibrate && !first ? &scratch : &node.statistics;
    Execution execution{node.architecture, parameters_, mode_, nullptr, statistics, settings_.fused};
    execution.quantized_weights = &quantized_weights_;
    return run_layer(*node.layer, x, execution);
  }

  const NetworkDescription& network_;
  ParameterStore& parameters_;
  const PopulationSettings& settings_;
  const int64_t memory_bytes_;  // for activations
  QuantizedWeights& quantized_weights_;
  const Cancellation& cancellation_;
  std::function<void()> on_layer_;
  const Layer* last_calibrated_ = nullptr;
  Mode mode_ = Mode::evaluate;
  const at::Tensor* labels_ = nullptr;
  ScoreSheet* scores_ = nullptr;
  int64_t layers_run_ = 0;
  int64_t kept_bytes_ = 0;
};

// `rows` collects those of a card, which are merged together.
void finish_statistics(TrieNode& node, std::vector<LayerStatistics*>& rows) {
  for (auto& [key, statistics] : node.statistics) statistics.finish();
  rows.push_back(&node.row);
  for (auto& [key, child] : node.children) finish_statistics(*child, rows);
}

// About what the statistics of one candidate take that shares nothing: mean and variance of each BatchNorm in
// float64, and the two tensors and the map entry around them.
int64_t statistics_bytes(const NetworkDescription& network, ParameterStore& parameters,
                         const Architecture& candidate) {
  int64_t bytes = 0;
  for (const Layer& layer : network.layers) {
    for (const Node& node : layer.chosen(candidate).nodes) {
      if (node.op == Op::batch_norm)
        bytes += 2 * (8 * parameters.of(node).running_mean->value.numel() + 256) + 64;
    }
  }
  return bytes;
}

// What all quantized weights of a network would take, at most.
int64_t quantized_bytes(const NetworkDescription& network, ParameterStore& parameters) {
  int64_t bytes = 0;
  for (const Layer& layer : network.layers) {
    for (const Choice& choice : layer.choices) {
      for (const Node& node : choice.graph.nodes) {
        if (node.op != Op::conv2d || node.quantizer == Quantizer::none) continue;
        const auto options = std::max<int64_t>(1, static_cast<int64_t>(node.bits.values.size()));
        bytes += options * static_cast<int64_t>(parameters.of(node).weight->value.nbytes());
      }
    }
  }
  return bytes;
}

// A part of the population whose statistics fit into memory together.
struct Group {
  std::vector<Architecture> candidates;
  std::vector<size_t> places;  // in the population
  int64_t bytes = 0;           // of the statistics, at most
};

// Groups of neighbours, which share prefixes. The statistics of a group take half of the memory, or a
// mebibyte where that is more.
std::vector<Group> groups_of(const NetworkDescription& network, ParameterStore& parameters,
                             const std::vector<Architecture>& candidates, int64_t memory_bytes) {
  std::vector<size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return candidates[a] < candidates[b]; });
  const int64_t most = std::max<int64_t>(memory_bytes / 2, 1 << 20);
  std::vector<Group> groups;
  for (const size_t place : order) {
    const int64_t bytes = statistics_bytes(network, parameters, candidates[place]);
    if (groups.empty() || groups.back().bytes + bytes > most) groups.emplace_back();
    Group& group = groups.back();
    group.candidates.push_back(candidates[place]);
    group.places.push_back(place);
    group.bytes += bytes;
  }
  return groups;
}

}  // namespace

PopulationScores evaluate_population(const NetworkDescription& network, ParameterStore& parameters,
                                     const std::vector<Architecture>& candidates,
                                     const std::vector<BatchPtr>& calibration,
                                     const std::vector<BatchPtr>& validation,
                                     const PopulationSettings& settings, const Cancellation& cancellation,
                                     const std::function<void(int64_t, int64_t)>& progress) {
  at::NoGradGuard no_grad;
  const std::vector<Group> groups = groups_of(network, parameters, candidates, settings.memory_bytes);
  const int64_t passes = static_cast<int64_t>(calibration.size() + validation.size());
  // Calibration stops at the last BatchNorm, so this is an upper bound; the last call reports it reached.
  int64_t total = 0, done = 0;
  for (const Group& group : groups) total += Trie(network, group.candidates, settings.share).nodes * passes;

  // On a card they are quantized inside the recordings.
  const int64_t for_weights = settings.recorded != nullptr
                                  ? 0
                                  : std::min(settings.memory_bytes / 4, quantized_bytes(network, parameters));
  QuantizedWeights quantized_weights(for_weights);
  PopulationScores result;
  result.scores.resize(candidates.size());
  for (const BatchPtr& batch : validation) result.images += batch->count;
  for (const Group& group : groups) {
    Trie trie(network, group.candidates, settings.share);
    const int64_t for_statistics = std::min(group.bytes, settings.memory_bytes / 2);
    Walk walk(network, parameters, settings, settings.memory_bytes - for_statistics - for_weights,
              quantized_weights, cancellation, [&] { progress(std::min(++done, total), total); });
    each_batch(calibration, [&](const Batch& batch) {
      walk.calibrate(trie, images_of(batch, settings.device, settings.storage, /*keep=*/true));
    });
    std::vector<LayerStatistics*> rows;
    for (auto& root : trie.roots) finish_statistics(*root, rows);
    if (settings.recorded != nullptr) settings.recorded->merge(rows);
    ScoreSheet sheet(group.candidates.size(), settings.device);
    each_batch(validation, [&](const Batch& batch) {
      walk.validate(trie, images_of(batch, settings.device, settings.storage, /*keep=*/true),
                    labels_of(batch, settings.device), sheet);
    });
    const std::vector<Score> scores = sheet.take();
    for (size_t i = 0; i < scores.size(); ++i) result.scores[group.places[i]] = scores[i];
    result.layers_run += walk.layers_run();
  }
  for (Score& score : result.scores) score.loss /= std::max<int64_t>(1, result.images);
  progress(total, total);
  result.layers_alone =
      static_cast<int64_t>(candidates.size() * (calibrated_layers(network) * calibration.size() +
                                                network.layers.size() * validation.size()));
  return result;
}

}  // namespace singlepath
