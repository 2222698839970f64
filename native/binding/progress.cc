#include "binding/progress.h"

namespace singlepath {

void Progress::operator()(int64_t done, int64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (done < total && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  // A weak pointer: the task owns the reference, and only the JavaScript thread may release it.
  environment_.call_later([callback = std::weak_ptr(callback_), done, total](Napi::Env env) {
    Napi::HandleScope scope(env);
    const auto alive = callback.lock();
    if (!alive) return;
    try {
      alive->Call({Napi::Number::New(env, static_cast<double>(done)),
                   Napi::Number::New(env, static_cast<double>(total))});
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());  // as any error thrown in a callback: 'uncaughtException'
    }
  });
}

}  // namespace singlepath
