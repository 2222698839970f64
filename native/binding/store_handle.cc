#include "binding/store_handle.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "distributed/address.h"
#include "distributed/store.h"

namespace singlepath {

namespace {

MakeValue store_rejection(std::exception_ptr error) {
  return [error](Napi::Env) -> Napi::Value { std::rethrow_exception(error); };
}

}  // namespace

// Shared by the handle and the thread, so that either may end first.
class StoreThread : public std::enable_shared_from_this<StoreThread> {
 public:
  using Work = std::function<MakeValue(Store&)>;
  using Settle = std::function<void(MakeValue)>;

  explicit StoreThread(StoreOptions options) : options_(std::move(options)) {}

  void start() {
    std::thread([self = shared_from_this()] { self->run(); }).detach();
  }

  void post(Work work, Settle settle) {
    const std::lock_guard lock(mutex_);
    queue_.emplace_back(std::move(work), std::move(settle));
    wake_.notify_all();
  }

  // Rejects what is not done, or drops it at the end of the environment. Gives a thread that is not stuck the
  // time to let go of the store.
  void close(bool reject) {
    std::unique_lock lock(mutex_);
    closed_ = true;
    if (reject) {
      const auto disposed = std::make_exception_ptr(Error("DISPOSED", "The store was disposed"));
      if (running_) running_(store_rejection(disposed));
      for (auto& [work, settle] : queue_) settle(store_rejection(disposed));
    }
    running_ = nullptr;
    queue_.clear();
    wake_.notify_all();
    wake_.wait_for(lock, std::chrono::milliseconds(200), [this] { return ended_; });
  }

  std::shared_ptr<Store> store() {
    const std::lock_guard lock(mutex_);
    return store_;
  }

 private:
  void run() {
    std::exception_ptr failure;
    try {
      auto opened = std::make_shared<Store>(options_);
      const std::lock_guard lock(mutex_);
      store_ = std::move(opened);
    } catch (...) {
      failure = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
      if (closed_) break;
      const Work work = std::move(queue_.front().first);
      running_ = std::move(queue_.front().second);
      queue_.pop_front();
      lock.unlock();
      MakeValue made;
      try {
        if (failure) std::rethrow_exception(failure);
        made = work(*store_);
      } catch (...) {
        made = store_rejection(std::current_exception());
      }
      lock.lock();
      if (closed_) break;
      running_(std::move(made));
      running_ = nullptr;
    }
    store_.reset();
    ended_ = true;
    wake_.notify_all();
  }

  const StoreOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<Work, Settle>> queue_;
  Settle running_;  // of the call under way
  std::shared_ptr<Store> store_;
  bool closed_ = false, ended_ = false;
};

namespace {

void end_store(void* thread) {
  auto& shared = *static_cast<std::shared_ptr<StoreThread>*>(thread);
  if (shared) shared->close(/*reject=*/false);
}

}  // namespace

std::shared_ptr<Store> opened(StoreThread& thread) {
  auto store = thread.store();
  if (!store) throw Error("RANK_LOST", "The store is not open");
  return store;
}

void StoreHandle::init(Napi::Env env, Napi::Object exports) {
  exports.Set(
      "Store",
      define(env, {InstanceMethod<&StoreHandle::open>("open"), InstanceMethod<&StoreHandle::set>("set"),
                   InstanceMethod<&StoreHandle::get>("get"), InstanceMethod<&StoreHandle::add>("add"),
                   InstanceMethod<&StoreHandle::check>("check")}));
  exports.Set("addressTowards", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return guarded(info.Env(), [&] {
                  return Napi::String::New(info.Env(), address_towards(to_text(info[0], "host")));
                });
              }));
}

StoreHandle::StoreHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(), [&] {
    const Napi::Object object = to_object(info[0], "options");
    StoreOptions options;
    options.file = get_string(object, "file");
    options.host = get_string(object, "host");
    options.port = static_cast<int>(get_integer(object, "port", 0, 65535));
    options.server = get_boolean(object, "server");
    options.world_size = static_cast<int>(get_integer(object, "worldSize", 1, INT32_MAX));
    options.timeout = std::chrono::milliseconds(get_integer(object, "timeoutMs", 1, INT32_MAX));
    thread_ = std::make_shared<StoreThread>(std::move(options));
    thread_->start();
    hold(info, thread_);
  });
  napi_add_env_cleanup_hook(info.Env(), end_store, &thread_);
}

void StoreHandle::released(Napi::BasicEnv env) {
  napi_remove_env_cleanup_hook(env, end_store, &thread_);
  thread_->close(/*reject=*/true);
  thread_.reset();
}

Napi::Value StoreHandle::post(const Napi::CallbackInfo& info, std::function<MakeValue(Store&)> work) {
  const auto& thread = live(info);
  Later promised = later(info.Env());
  thread->post(std::move(work), std::move(promised.settle));
  return promised.promise;
}

Napi::Value StoreHandle::open(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return post(info, [](Store&) -> MakeValue { return [](Napi::Env env) { return env.Undefined(); }; });
  });
}

Napi::Value StoreHandle::set(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return post(info, [key = to_text(info[0], "key"), value = to_text(info[1], "value")](Store& store) {
      store.set(key, value);
      return [](Napi::Env env) { return env.Undefined(); };
    });
  });
}

Napi::Value StoreHandle::get(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return post(info, [key = to_text(info[0], "key")](Store& store) {
      return [value = store.get(key)](Napi::Env env) { return Napi::String::New(env, value); };
    });
  });
}

Napi::Value StoreHandle::add(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const int64_t amount = to_integer(info[1], "amount", INT32_MIN, INT32_MAX);
    return post(info, [key = to_text(info[0], "key"), amount](Store& store) {
      return [sum = store.add(key, amount)](Napi::Env env) {
        return Napi::Number::New(env, static_cast<double>(sum));
      };
    });
  });
}

Napi::Value StoreHandle::check(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return post(info, [key = to_text(info[0], "key")](Store& store) {
      return [there = store.check({key})](Napi::Env env) { return Napi::Boolean::New(env, there); };
    });
  });
}

}  // namespace singlepath
