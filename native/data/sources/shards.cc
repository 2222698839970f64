#include "data/sources/shards.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "data/sources/archives.h"
#include "data/sources/arrange.h"
#include "data/sources/label_file.h"
#include "data/sources/natural_order.h"
#include "data/sources/tar.h"

namespace singlepath {
namespace {

constexpr int64_t kLargestLabelFile = 1 << 20;

// Samples of some shards as they stand there, classes not yet settled.
struct ShardIndex {
  std::vector<std::shared_ptr<const RandomFile>> archives;
  NameList names;
  std::vector<MemberPlace> places;
  std::vector<SampleLabel> labels;
};

// "a/b.c.jpg" is the member "c.jpg" of the sample "a/b": the key ends at the first dot of the base name.
std::pair<std::string, std::string> key_and_part(const std::string& name) {
  const size_t slash = name.rfind('/');
  const size_t dot = name.find('.', slash == std::string::npos ? 0 : slash + 1);
  if (dot == std::string::npos) return {name, ""};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

class ShardReader {
 public:
  ShardReader(ShardIndex& index, ListingNotes& notes) : index_(index), notes_(notes) {}

  void read(const std::string& path) {
    archive_ = std::make_shared<const RandomFile>(path);
    index_.archives.push_back(archive_);
    scan_tar(
        *archive_, [this](const TarMember& member) { take(member); },
        [this](const TarProblem& problem) {
          if (is_image_name(problem.name)) {
            notes_.problems.push_back({archive_->path() + "!" + problem.name, problem.reason});
          }
        });
    finish();
  }

 private:
  void take(const TarMember& member) {
    const auto [key, part] = key_and_part(member.name);
    if (is_hidden(member.name.substr(member.name.rfind('/') + 1))) return;
    if (key != key_) finish();
    key_ = key;
    if (is_image_name(member.name)) {
      if (image_.name.empty()) image_ = member;
    } else if (part == "cls" || part == "json") {
      if (member.size > kLargestLabelFile) {
        label_problem_ = "'" + member.name + "' is larger than a label";
        return;
      }
      std::string text(static_cast<size_t>(member.size), '\0');
      archive_->read(member.offset, reinterpret_cast<uint8_t*>(text.data()), member.size, "a label");
      take_label(member.name, part == "cls" ? parse_cls(text) : parse_json_label(text));
    } else {
      note_ignored(notes_, member.name);
    }
  }

  // A .cls says more than a .json of the same sample: what is known already stays.
  void take_label(const std::string& file, const std::optional<SampleLabel>& label) {
    if (!label) {
      label_problem_ = "'" + file + "' is no JSON object";
      return;
    }
    if (!label->index && !label->name && label_problem_.empty()) {
      label_problem_ = "'" + file + "' has no class: expected a number from 0 or a name";
    }
    if (!label_.index) label_.index = label->index;
    if (!label_.name) label_.name = label->name;
  }

  // The end of a sample.
  void finish() {
    if (!image_.name.empty()) {
      if (label_.index || label_.name) {
        index_.names.add(image_.name);
        index_.places.push_back(
            {static_cast<uint32_t>(index_.archives.size() - 1), image_.offset, image_.size});
        index_.labels.push_back(std::move(label_));
      } else {
        const std::string reason =
            label_problem_.empty() ? "there is no .cls or .json with it" : label_problem_;
        notes_.problems.push_back({archive_->path() + "!" + image_.name, reason});
      }
    }
    key_.clear();
    image_ = {};
    label_ = {};
    label_problem_.clear();
  }

  ShardIndex& index_;
  ListingNotes& notes_;
  std::shared_ptr<const RandomFile> archive_;
  std::string key_, label_problem_;
  TarMember image_;
  SampleLabel label_;
};

ShardIndex read_shards(const std::vector<std::string>& paths, ListingNotes& notes) {
  ShardIndex index;
  ShardReader reader(index, notes);
  for (const auto& path : paths) reader.read(path);
  return index;
}

// Names of the classes by index, from the training images.
std::vector<std::string> classes_of(const ShardIndex& index, const std::string& where) {
  int32_t most = -1;
  bool all_numbers = true;
  for (const auto& label : index.labels) {
    all_numbers = all_numbers && label.index.has_value();
    if (label.index) most = std::max(most, *label.index);
  }
  std::vector<std::string> classes;
  if (all_numbers) {
    for (int32_t i = 0; i <= most; i++) classes.push_back(std::to_string(i));
    for (const auto& label : index.labels) {
      if (label.name) classes[static_cast<size_t>(*label.index)] = *label.name;
    }
    return classes;
  }
  if (most >= 0) {
    throw Error("INVALID_DATASET",
                "Expected either numbers or names as classes in '" + where + "' but received both",
                "a classes.txt beside the shards, with one name a line, gives the names their numbers");
  }
  std::unordered_map<std::string, bool> seen;
  for (const auto& label : index.labels) {
    if (seen.emplace(*label.name, true).second) classes.push_back(*label.name);
  }
  std::sort(classes.begin(), classes.end(), natural_less);
  return classes;
}

}  // namespace

ImageSet open_shards(const ShardPaths& paths) {
  const std::string where = paths.images.front() + (paths.images.size() > 1 ? ", ..." : "");
  ImageSet set;
  ShardIndex index = read_shards(paths.images, set.notes);
  set.classes = paths.class_names;
  if (set.classes.empty()) {
    ListingNotes unused;
    set.classes = paths.training == paths.images ? classes_of(index, where)
                                                 : classes_of(read_shards(paths.training, unused), where);
  }
  std::unordered_map<std::string, int32_t> by_name;
  for (size_t i = 0; i < set.classes.size(); i++) by_name.emplace(set.classes[i], static_cast<int32_t>(i));

  ImageList list;
  for (size_t i = 0; i < index.labels.size(); i++) {
    const SampleLabel& label = index.labels[i];
    const auto found = label.index ? by_name.end() : by_name.find(*label.name);
    const int32_t number = label.index ? *label.index : found == by_name.end() ? -1 : found->second;
    if (number < 0 || number >= static_cast<int32_t>(set.classes.size())) {
      const std::string got = label.index ? std::to_string(*label.index) : "'" + *label.name + "'";
      const auto sample = static_cast<int64_t>(i);
      throw Error("INVALID_DATASET",
                  "Expected one of the " + std::to_string(set.classes.size()) +
                      " classes of the training images for '" + paths.images[index.places[i].archive] + "!" +
                      std::string(index.names[sample]) + "' but received " + got,
                  "classes.txt beside the shards, or the training shards, decide the classes");
    }
    list.labels.push_back(number);
  }
  if (list.labels.empty()) {
    throw Error("INVALID_DATASET",
                "Expected samples <key>.jpg with <key>.cls or <key>.json in '" + where + "' but found none" +
                    (set.notes.problems.empty() ? "" : ": " + set.notes.problems.front().reason),
                "data.kind=tar reads an archive of class folders");
  }
  check_class_count(set.classes, where, "a network learns to tell classes apart");
  list.names = std::move(index.names);
  set.source =
      std::make_shared<ArchiveSource>(std::move(index.archives), std::move(list), std::move(index.places));
  return set;
}

}  // namespace singlepath
