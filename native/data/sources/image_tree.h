// A tree of folders with images: on disk, or in a tar archive.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/sources/listing.h"
#include "data/sources/tar.h"

namespace singlepath {

class ImageTree {
 public:
  virtual ~ImageTree() = default;

  // The path as messages name it; `inside` is relative to the root, "" for the root itself.
  virtual std::string shown(const std::string& inside) const = 0;

  // Names of the folders directly in `folder`, in natural order.
  virtual std::vector<std::string> folders(const std::string& folder) const = 0;

  // Names of the images directly in `folder`, in no folder of a class.
  virtual std::vector<std::string> loose_images(const std::string& folder) const = 0;

  // Paths, from the root, of all images below `folder`, in natural order. Tells `notes` what it passed over.
  virtual std::vector<std::string> images(const std::string& folder, ListingNotes& notes) const = 0;

  // A text file; none where there is none.
  virtual std::optional<std::string> text(const std::string& path) const = 0;

  // Images that cannot be read at all, wherever in the tree.
  virtual std::vector<ImageProblem> problems() const { return {}; }
};

// A folder on disk. Symbolic links are followed; one that leads back to a folder above it throws
// INVALID_DATASET.
class FolderTree : public ImageTree {
 public:
  // Throws INVALID_DATASET where `root` is no folder.
  explicit FolderTree(std::string root);

  const std::string& root() const { return root_; }
  std::string shown(const std::string& inside) const override;
  std::vector<std::string> folders(const std::string& folder) const override;
  std::vector<std::string> loose_images(const std::string& folder) const override;
  std::vector<std::string> images(const std::string& folder, ListingNotes& notes) const override;
  std::optional<std::string> text(const std::string& path) const override;

 private:
  std::string root_;
};

// The members of tar archives. Folders that hold everything (the name of the folder that was packed) are
// passed through, so that the root is where the classes or train/ lie.
class TarTree : public ImageTree {
 public:
  // Scans the headers. Throws what scan_tar throws.
  explicit TarTree(const std::string& archive);

  std::string shown(const std::string& inside) const override;
  std::vector<std::string> folders(const std::string& folder) const override;
  std::vector<std::string> loose_images(const std::string& folder) const override;
  std::vector<std::string> images(const std::string& folder, ListingNotes& notes) const override;
  std::optional<std::string> text(const std::string& path) const override;

  std::vector<ImageProblem> problems() const override { return problems_; }

  std::shared_ptr<const RandomFile> archive() const { return archive_; }
  // Of a path that images() returned.
  const TarMember& member(const std::string& path) const;

 private:
  std::vector<std::string> below(const std::string& folder) const;

  std::shared_ptr<const RandomFile> archive_;
  std::string prefix_;                        // "" or ends with a slash
  std::map<std::string, TarMember> members_;  // by name
  std::vector<ImageProblem> problems_;
};

}  // namespace singlepath
