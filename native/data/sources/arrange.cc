#include "data/sources/arrange.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace singlepath {
namespace {

constexpr char kAnnotations[] = "val/val_annotations.txt";

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kShown); i++) text += (i ? ", '" : "'") + names[i] + "'";
  return names.size() > kShown ? text + " and " + std::to_string(names.size() - kShown) + " more" : text;
}

using ClassIndex = std::unordered_map<std::string, int32_t>;

ClassIndex index_of(const std::vector<std::string>& classes) {
  ClassIndex index;
  for (size_t i = 0; i < classes.size(); i++) index.emplace(classes[i], static_cast<int32_t>(i));
  return index;
}

// Images of `folder`/<class>/** for every folder in it; those beside the folders have no class.
void take_class_folders(const ImageTree& tree, const std::string& folder, const ClassIndex& classes,
                        ImageList& list, ListingNotes& notes) {
  for (const std::string& name : tree.loose_images(folder)) note_ignored(notes, name);
  std::vector<std::string> foreign;
  for (const std::string& name : tree.folders(folder)) {
    const std::string inside = folder.empty() ? name : folder + "/" + name;
    const auto label = classes.find(name);
    if (label == classes.end()) {
      ListingNotes unused;
      if (!tree.images(inside, unused).empty()) foreign.push_back(name);
      continue;
    }
    for (const std::string& path : tree.images(inside, notes)) {
      list.names.add(path);
      list.labels.push_back(label->second);
    }
  }
  if (!foreign.empty()) {
    throw Error("INVALID_DATASET",
                "Expected in '" + tree.shown(folder) + "' only classes of the training images but found " +
                    listed(foreign),
                "the folders of a class have the same name in both splits");
  }
}

// Tiny-ImageNet: lines "<file>\t<class>\t<box>" for val/images/<file>.
void take_annotated(const ImageTree& tree, const std::string& file, const ClassIndex& classes,
                    ImageList& list, ListingNotes& notes) {
  struct Annotation {
    std::string name;
    int64_t line;
  };
  std::istringstream lines(*tree.text(file));
  std::unordered_map<std::string, Annotation> annotations;
  const auto where = [&](int64_t line) {
    return "line " + std::to_string(line) + " of '" + tree.shown(file) + "'";
  };
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    number++;
    if (line.empty() || line == "\r") continue;
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) {
      throw Error("INVALID_DATASET",
                  "Expected <file><tab><class> in " + where(number) + " but received no tab",
                  "each line of val_annotations.txt names an image and its class");
    }
    std::string name = line.substr(tab + 1, line.find_first_of("\t\r", tab + 1) - tab - 1);
    annotations.emplace(line.substr(0, tab), Annotation{std::move(name), number});
  }
  const auto images = tree.images("val", notes);
  if (auto texts = notes.ignored.find(".txt"); texts != notes.ignored.end() && --texts->second == 0) {
    notes.ignored.erase(texts);  // the annotations
  }
  for (const std::string& path : images) {
    const auto annotation = annotations.find(path.substr(path.rfind('/') + 1));
    if (annotation == annotations.end()) {
      notes.problems.push_back({tree.shown(path), "val_annotations.txt has no class for it"});
      continue;
    }
    const auto& [name, line] = annotation->second;
    const auto label = classes.find(name);
    if (label == classes.end()) {  // only of images that are there: subsets keep the whole list
      throw Error(
          "INVALID_DATASET",
          "Expected a class of the training images in " + where(line) + " but received '" + name + "'",
          "classes are named as the folders in train/");
    }
    list.names.add(path);
    list.labels.push_back(label->second);
  }
}

void check_all_present(const ImageTree& tree, const std::string& folder, const ImageList& list) {
  std::vector<int64_t> counts(list.classes.size());
  for (const int32_t label : list.labels) counts[static_cast<size_t>(label)]++;
  std::vector<std::string> empty;
  for (size_t i = 0; i < counts.size(); i++) {
    if (counts[i] == 0) empty.push_back(list.classes[i]);
  }
  if (!empty.empty()) {
    throw Error("INVALID_DATASET",
                "Expected images in each class folder of '" + tree.shown(folder) + "' but found none in " +
                    listed(empty),
                "JPEG and PNG files are images; remove the folder, or convert what it holds");
  }
}

std::string hint_for_one_class(const ImageTree& tree, const std::string& folder, const std::string& only) {
  const std::string inside = folder.empty() ? only : folder + "/" + only;
  if (!tree.folders(inside).empty()) return "did you mean '" + tree.shown(inside) + "'?";
  if (const size_t loose = tree.loose_images(folder).size(); loose > 0) {
    return std::to_string(loose) + (loose == 1 ? " image lies" : " images lie") + " beside '" + only +
           "' in no class folder: move each into the folder of its class";
  }
  return "a network learns to tell classes apart: give each a folder of its own";
}

std::vector<std::string> training_classes(const ImageTree& tree, const std::string& folder) {
  auto classes = tree.folders(folder);
  if (classes.size() < 2) {
    check_class_count(classes, tree.shown(folder),
                      classes.empty() ? "such as train/cat/1.jpg and train/dog/2.jpg"
                                      : hint_for_one_class(tree, folder, classes.front()));
  }
  return classes;
}

void check_not_empty(const ImageTree& tree, const std::string& folder, const ImageList& list) {
  if (!list.labels.empty()) return;
  throw Error("INVALID_DATASET",
              "Expected JPEG or PNG images in '" + tree.shown(folder) + "' but found none");
}

}  // namespace

TreeLayout layout_of(const ImageTree& tree) {
  const auto top = tree.folders("");
  if (top.empty()) {
    ListingNotes notes;
    const bool flat = !tree.images("", notes).empty();
    throw Error("INVALID_DATASET",
                "Expected a folder of images for each class in '" + tree.shown("") + "' but found " +
                    (flat ? "images without class folders" : "none"),
                "such as train/cat/1.jpg and train/dog/2.jpg, or cat/1.jpg and dog/2.jpg");
  }
  if (!holds(top, "train")) return {};
  TreeLayout layout{"train", std::nullopt, std::nullopt};
  if (holds(top, "val") && tree.text(kAnnotations)) {
    layout.annotations = kAnnotations;
    layout.test = "val";
    return layout;
  }
  for (const std::string name : {"test", "val"}) {
    if (holds(top, name) && !tree.folders(name).empty()) {
      layout.test = name;
      break;
    }
  }
  return layout;
}

void check_class_count(const std::vector<std::string>& classes, const std::string& where,
                       const std::string& hint) {
  if (classes.size() >= 2) return;
  throw Error("INVALID_DATASET",
              "Expected at least two classes in '" + where + "' but found " +
                  (classes.empty() ? "none" : "only '" + classes.front() + "'"),
              hint);
}

ImageList arrange_beside(const ImageTree& training, const ImageTree& test, ListingNotes& notes) {
  ImageList list;
  list.classes = training_classes(training, layout_of(training).train);
  const std::string folder = layout_of(test).test.value_or("");
  take_class_folders(test, folder, index_of(list.classes), list, notes);
  for (auto& problem : test.problems()) notes.problems.push_back(std::move(problem));
  check_not_empty(test, folder, list);
  return list;
}

ImageList arrange(const ImageTree& tree, Split split, ListingNotes& notes) {
  const TreeLayout layout = layout_of(tree);
  ImageList list;
  list.classes = training_classes(tree, layout.train);
  if (split == Split::test && !layout.test) {
    throw Error("INVALID_DATASET",
                "Expected test images in test/ or val/ of '" + tree.shown("") + "' but there are none",
                "data.testFraction=0.1 sets a tenth of each class aside, data.testPath names another place");
  }
  const ClassIndex classes = index_of(list.classes);
  if (split == Split::test && layout.annotations) {
    take_annotated(tree, *layout.annotations, classes, list, notes);
  } else {
    take_class_folders(tree, split == Split::train ? layout.train : *layout.test, classes, list, notes);
  }
  for (auto& problem : tree.problems()) notes.problems.push_back(std::move(problem));
  if (split == Split::train) check_all_present(tree, layout.train, list);
  if (split == Split::test) check_not_empty(tree, *layout.test, list);
  return list;
}

}  // namespace singlepath
