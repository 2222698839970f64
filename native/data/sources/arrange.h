// From a tree of folders to the images of a split with their class.
#pragma once

#include "data/sources/image_tree.h"

namespace singlepath {

enum class Split { train, test };

// Where the splits of a tree lie: folders of it, "" for its root.
struct TreeLayout {
  std::string train;
  std::optional<std::string> test;         // none where the tree is one set
  std::optional<std::string> annotations;  // Tiny-ImageNet: the file with the classes of the test images
};

// With train/ the test images are those of test/, or of val/ where test/ has no classes (ImageNet's test
// images have no labels); without it the tree is one set. Throws INVALID_DATASET for a tree without folders.
TreeLayout layout_of(const ImageTree& tree);

// The images of a split. Classes are the folders of the training images in natural order; images may lie
// deeper. Throws INVALID_DATASET: no images, a class without any, one class only, a class of the test images
// that the training images lack, no test images.
ImageList arrange(const ImageTree& tree, Split split, ListingNotes& notes);

// The test images of another tree, whose class folders lie at its root (or in its test/ or val/), with the
// classes of `training`.
ImageList arrange_beside(const ImageTree& training, const ImageTree& test, ListingNotes& notes);

// Throws INVALID_DATASET unless there are two classes or more; `where` names the source.
void check_class_count(const std::vector<std::string>& classes, const std::string& where,
                       const std::string& hint);

}  // namespace singlepath
