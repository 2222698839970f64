#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "data/sources/image_tree.h"
#include "data/sources/natural_order.h"
#include "data/sources/random_file.h"

namespace singlepath {
namespace {

constexpr int64_t kLargestText = 256 << 20;
constexpr size_t kDeepest = 64;

std::string joined(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

struct Entry {
  std::string name;
  bool folder = false;
};

// Follows a symbolic link, and tells what a file system without types in its folders did not.
bool is_folder(const std::string& path, const dirent& entry) {
#ifdef DT_DIR
  if (entry.d_type == DT_DIR) return true;
  if (entry.d_type == DT_REG) return false;
#endif
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Without hidden names, in natural order.
std::vector<Entry> entries_of(const std::string& path) {
  DIR* opened = opendir(path.c_str());
  if (opened == nullptr) {
    throw Error("IO", "Cannot read the folder '" + path + "': " + std::strerror(errno),
                errno == EACCES ? "permission denied: make the folder readable" : "");
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opened, closedir);
  std::vector<Entry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (is_hidden(name)) continue;
    const bool nested = is_folder(joined(path, name), *entry);
    entries.push_back({std::move(name), nested});
  }
  if (errno != 0) throw Error("IO", "Cannot read the folder '" + path + "': " + std::strerror(errno));
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return natural_less(a.name, b.name); });
  return entries;
}

struct FolderIdentity {
  dev_t device;
  ino_t inode;
};

FolderIdentity identity_of(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    throw Error("IO", "Cannot read the folder '" + path + "': " + std::strerror(errno));
  }
  return {status.st_dev, status.st_ino};
}

class Walk {
 public:
  Walk(const std::string& root, std::vector<std::string>& images, ListingNotes& notes)
      : root_(root), images_(images), notes_(notes) {}

  void enter(const std::string& folder) {
    const std::string path = folder.empty() ? root_ : joined(root_, folder);
    const FolderIdentity here = identity_of(path);
    for (const auto& [identity, above] : open_) {
      if (identity.device == here.device && identity.inode == here.inode) {
        throw Error("INVALID_DATASET",
                    "Expected folders without loops but '" + path + "' leads back to '" + above + "'",
                    "remove that symbolic link");
      }
    }
    if (open_.size() == kDeepest) {
      throw Error("INVALID_DATASET",
                  "Expected at most " + std::to_string(kDeepest) + " folders inside one another but '" +
                      path + "' lies deeper",
                  "give the folder that holds the class folders");
    }
    open_.push_back({here, path});
    for (const Entry& entry : entries_of(path)) {
      const std::string inside = joined(folder, entry.name);
      if (entry.folder) {
        enter(inside);
      } else if (is_image_name(entry.name)) {
        images_.push_back(inside);
      } else {
        note_ignored(notes_, entry.name);
      }
    }
    open_.pop_back();
  }

 private:
  const std::string& root_;
  std::vector<std::string>& images_;
  ListingNotes& notes_;
  std::vector<std::pair<FolderIdentity, std::string>> open_;  // from the top down to here
};

}  // namespace

FolderTree::FolderTree(std::string root) : root_(std::move(root)) {
  struct stat status{};
  if (stat(root_.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw Error(
          "INVALID_DATASET",
          "Expected a folder with one folder of images for each class at '" + root_ + "' but there is none",
          "check data.path");
    }
    throw Error("IO", "Cannot read the folder '" + root_ + "': " + std::strerror(errno));
  }
  if (!S_ISDIR(status.st_mode)) {
    throw Error(
        "INVALID_DATASET",
        "Expected a folder with one folder of images for each class at '" + root_ + "' but it is a file",
        "data.kind=tar, webdataset, csv or packed read files");
  }
}

std::string FolderTree::shown(const std::string& inside) const {
  return inside.empty() ? root_ : joined(root_, inside);
}

std::vector<std::string> FolderTree::folders(const std::string& folder) const {
  std::vector<std::string> names;
  for (auto& entry : entries_of(shown(folder))) {
    if (entry.folder) names.push_back(std::move(entry.name));
  }
  return names;
}

std::vector<std::string> FolderTree::loose_images(const std::string& folder) const {
  std::vector<std::string> names;
  for (auto& entry : entries_of(shown(folder))) {
    if (!entry.folder && is_image_name(entry.name)) names.push_back(std::move(entry.name));
  }
  return names;
}

std::vector<std::string> FolderTree::images(const std::string& folder, ListingNotes& notes) const {
  std::vector<std::string> found;
  Walk(root_, found, notes).enter(folder);
  std::sort(found.begin(), found.end(), natural_less);
  return found;
}

std::optional<std::string> FolderTree::text(const std::string& path) const {
  struct stat status{};
  if (stat(shown(path).c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  return read_text_file(shown(path), kLargestText);
}

}  // namespace singlepath
