// The keys and values over which ranks find each other and share out work: c10d's TCPStore or FileStore.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace singlepath {

struct StoreOptions {
  std::string file;  // which all ranks see; empty: a server, at
  std::string host;
  int port = 0;
  bool server = false;  // this process serves it; of a file: expects that no run has used it
  int world_size = 1;
  std::chrono::milliseconds timeout{60'000};  // to find the server
};

// Calls block, and c10d has no limit for those that are on their way when the server's host vanishes: they
// are made on a thread that nobody waits for without a limit of his own (binding/store_handle.h).
class Store {
 public:
  // Throws RANK_LOST where the server is not found in time, the port is taken or the file cannot be written;
  // INVALID_CONFIG for a used file.
  explicit Store(const StoreOptions& options);
  ~Store();

  void set(const std::string& key, const std::string& value);
  // Waits for the key.
  std::string get(const std::string& key);
  int64_t add(const std::string& key, int64_t amount);
  // Whether all keys are there.
  bool check(const std::vector<std::string>& keys);

  struct Connection;
  const Connection& connection() const { return *connection_; }

 private:
  std::unique_ptr<Connection> connection_;
};

}  // namespace singlepath
