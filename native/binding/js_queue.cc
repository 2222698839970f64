#include "binding/js_queue.h"

#include <utility>

#include "binding/js_error.h"

namespace singlepath {
namespace {

void call(napi_env env, napi_value, void*, void* data) {
  std::unique_ptr<JsQueue::Task> task(static_cast<JsQueue::Task*>(data));
  if (env != nullptr) (*task)(env);  // null: the environment is going
}

}  // namespace

std::shared_ptr<JsQueue> JsQueue::create(Napi::Env env) {
  std::shared_ptr<JsQueue> queue(new JsQueue);
  const napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "singlepath"), 0, 1, nullptr,
                                      nullptr, nullptr, call, &queue->function_);
  if (status != napi_ok) throw Napi::Error::New(env);
  napi_unref_threadsafe_function(env, queue->function_);
  return queue;
}

Later JsQueue::later(Napi::Env env) {
  auto deferred = Napi::Promise::Deferred::New(env);
  if (open_++ == 0) napi_ref_threadsafe_function(env, function_);
  auto settle = [self = shared_from_this(), deferred](Later::Make make) {
    self->post([self, deferred, make = std::move(make)](Napi::Env env) {
      if (--self->open_ == 0) napi_unref_threadsafe_function(env, self->function_);
      try {
        deferred.Resolve(make(env));
      } catch (...) {
        deferred.Reject(js_error(env, std::current_exception()).Value());
      }
    });
  };
  return {deferred.Promise(), std::move(settle)};
}

void JsQueue::post(Task task) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  auto owned = std::make_unique<Task>(std::move(task));
  if (napi_call_threadsafe_function(function_, owned.get(), napi_tsfn_nonblocking) == napi_ok) {
    static_cast<void>(owned.release());
  }
}

void JsQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

}  // namespace singlepath
