#include "data/sources/open.h"

#include <sys/stat.h>

#include <sstream>
#include <utility>

#include "core/error.h"
#include "data/sources/archives.h"
#include "data/sources/encoded_files.h"
#include "data/sources/packed.h"
#include "data/sources/shards.h"
#include "data/sources/table.h"

namespace singlepath {
namespace {

constexpr int64_t kLargestClassList = 64 << 20;

// Lines of classes.txt in the folder of `path`; empty where there is none.
std::vector<std::string> class_names_beside(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string file = (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + "classes.txt";
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) return {};
  std::istringstream lines(read_text_file(file, kLargestClassList));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  return names;
}

// The part all trees share: where the images lie in the tree, and what they are read with.
template <class Tree, class MakeSource>
ImageSet open_tree(const SourceSpec& spec, const MakeSource& source_of) {
  Tree tree(spec.paths.front());
  const TreeLayout layout = layout_of(tree);
  if (spec.kind == SourceKind::tiny_imagenet && !layout.annotations) {
    throw Error("INVALID_DATASET",
                "Expected train/ and val/val_annotations.txt of Tiny-ImageNet in '" + tree.shown("") +
                    "' but they are not both there",
                "data.kind=image-folder reads folders without annotations");
  }
  ImageSet opened;
  opened.has_test = layout.test.has_value() || !spec.test_paths.empty();
  const bool whole = spec.split == Split::test && !opened.has_test && spec.whole_without_test;
  ListingNotes& notes = opened.notes;
  if (spec.split == Split::test && !spec.test_paths.empty()) {
    Tree test(spec.test_paths.front());
    ImageList list = arrange_beside(tree, test, notes);
    opened.classes = list.classes;
    opened.source = source_of(test, std::move(list));
  } else {
    ImageList list = arrange(tree, whole ? Split::train : spec.split, notes);
    opened.classes = list.classes;
    opened.source = source_of(tree, std::move(list));
  }
  return opened;
}

std::shared_ptr<const SampleSource> files_of(const FolderTree& tree, ImageList list) {
  return std::make_shared<FileSource>(tree.root(), std::move(list));
}

std::shared_ptr<const SampleSource> members_of(const TarTree& tree, ImageList list) {
  std::vector<MemberPlace> places;
  for (int64_t i = 0; i < list.names.size(); i++) {
    const TarMember& member = tree.member(std::string(list.names[i]));
    places.push_back({0, member.offset, member.size});
  }
  return std::make_shared<ArchiveSource>(std::vector{tree.archive()}, std::move(list), std::move(places));
}

ImageSet open_webdataset(const SourceSpec& spec) {
  ImageSet opened;
  const bool has_test = !spec.test_paths.empty();
  const bool whole = spec.split == Split::test && !has_test;
  if (whole && !spec.whole_without_test) {
    throw Error("INVALID_DATASET",
                "Expected shards of test images beside '" + spec.paths.front() + "' but there are none",
                "data.testPath names them, data.testFraction=0.1 sets a tenth of each class aside");
  }
  const auto& images = spec.split == Split::train || whole ? spec.paths : spec.test_paths;
  opened = open_shards({images, spec.paths, class_names_beside(spec.paths.front())});
  opened.has_test = has_test;
  return opened;
}

ImageSet open_csv(const SourceSpec& spec) {
  const std::string& table = spec.paths.front();
  const bool has_test = !spec.test_paths.empty() || table_has_test(table);
  std::optional<std::string> test;
  if (!spec.test_paths.empty()) test = spec.test_paths.front();
  const bool whole = spec.split == Split::test && !has_test && spec.whole_without_test;
  ImageSet opened = open_table(table, test, whole ? Split::train : spec.split, class_names_beside(table));
  opened.has_test = has_test;
  return opened;
}

ImageSet open_packed_split(const SourceSpec& spec) {
  const PackedContent content = open_packed(spec.paths.front());
  const bool has_test = content.test > 0 || !spec.test_paths.empty();
  if (spec.split == Split::test && !spec.test_paths.empty()) {
    const PackedContent test = open_packed(spec.test_paths.front());
    if (test.classes != content.classes) {
      throw Error("INVALID_DATASET",
                  "Expected the classes of '" + spec.paths.front() + "' in '" + spec.test_paths.front() +
                      "' but received others",
                  "pack training and test images together");
    }
    return packed_split(test, test.test > 0 ? Split::test : Split::train);
  }
  const bool whole = spec.split == Split::test && !has_test && spec.whole_without_test;
  ImageSet opened = packed_split(content, whole ? Split::train : spec.split);
  opened.has_test = has_test;
  return opened;
}

}  // namespace

ImageSet open_images(const SourceSpec& spec) {
  if (spec.paths.empty())
    throw Error("INVALID_ARGUMENT", "Expected the path of a data set but received none");
  switch (spec.kind) {
    case SourceKind::image_folder:
    case SourceKind::tiny_imagenet:
      return open_tree<FolderTree>(spec, files_of);
    case SourceKind::tar:
      return open_tree<TarTree>(spec, members_of);
    case SourceKind::webdataset:
      return open_webdataset(spec);
    case SourceKind::csv:
      return open_csv(spec);
    case SourceKind::packed:
      return open_packed_split(spec);
  }
  throw Error("INVALID_ARGUMENT", "Expected a known kind of data set");
}

}  // namespace singlepath
