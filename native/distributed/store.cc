#include "distributed/store.h"

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "core/error.h"
#include "distributed/c10d.h"

namespace singlepath {
namespace {

template <class Work>
auto on_store(Work work) {
  try {
    return work();
  } catch (const std::exception& error) {
    throw Error("RANK_LOST", "The store of the group does not answer: " + first_line(error),
                "the process that serves it (rank 0, or torchrun) may have ended");
  }
}

c10::intrusive_ptr<c10d::Store> open_file(const StoreOptions& options) {
  c10::intrusive_ptr<c10d::FileStore> store;
  int64_t served = 0;
  try {
    // The last rank to leave deletes it, where all have come.
    store = c10::make_intrusive<c10d::FileStore>(options.file, options.world_size);
    store->setTimeout(options.timeout);
    served = store->add("served", options.server ? 1 : 0);  // 1.13 opens the file only here
  } catch (const std::exception& error) {
    static_cast<void>(store.release());  // where it opens late, its destructor fails as well
    throw Error("RANK_LOST",
                "Could not open the store of the group in " + options.file + ": " + first_line(error),
                "SINGLEPATH_STORE names a file in a folder that is there, which all ranks can write");
  }
  // Killed ranks have left it: who comes early would take what they said for the word of this run.
  if (options.server && served > 1) {
    static_cast<void>(store.release());  // who leaves is counted, and the others may still read it
    throw Error("INVALID_CONFIG",
                "Expected a new file for the store of the group but another run has used " + options.file,
                "name another file in SINGLEPATH_STORE on all ranks, or delete this one while none runs");
  }
  return store;
}

c10::intrusive_ptr<c10d::Store> open_server(const StoreOptions& options) {
  c10d::TCPStoreOptions settings;
  settings.port = static_cast<uint16_t>(options.port);
  settings.isServer = options.server;
  settings.waitWorkers = false;  // who is there is found out by the handshake
  settings.timeout = options.timeout;
  settings.multiTenant = true;
  const std::string place = options.host + ":" + std::to_string(options.port);
  try {
    return c10::make_intrusive<c10d::TCPStore>(options.host, settings);
  } catch (const std::exception& error) {
    if (options.server) {
      throw Error("RANK_LOST",
                  "Could not serve the store of the group at " + place + ": " + first_line(error),
                  "choose another MASTER_PORT, or end what uses this one");
    }
    throw Error("RANK_LOST", "Could not reach the store of the group at " + place + ": " + first_line(error),
                "is rank 0 running, and does a firewall let MASTER_PORT through?");
  }
}

}  // namespace

Store::Store(const StoreOptions& options) : connection_(std::make_unique<Connection>()) {
  connection_->store = options.file.empty() ? open_server(options) : open_file(options);
}

Store::~Store() = default;

void Store::set(const std::string& key, const std::string& value) {
  on_store([&] { connection_->store->set(key, std::vector<uint8_t>(value.begin(), value.end())); });
}

std::string Store::get(const std::string& key) {
  return on_store([&] {
    const std::vector<uint8_t> value = connection_->store->get(key);
    return std::string(value.begin(), value.end());
  });
}

int64_t Store::add(const std::string& key, int64_t amount) {
  return on_store([&] { return connection_->store->add(key, amount); });
}

bool Store::check(const std::vector<std::string>& keys) {
  return on_store([&] { return connection_->store->check(keys); });
}

}  // namespace singlepath
