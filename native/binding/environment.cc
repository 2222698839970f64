#include "binding/environment.h"

#include <memory>

namespace singlepath {
namespace {

void keep(Napi::Env, Environment*) {}

}  // namespace

void Environment::install(Napi::Env env) {
  // Never deleted: finalizers of handles may run after everything else at the end of an environment.
  auto* environment = new Environment(env);
  env.SetInstanceData<Environment, keep>(environment);
  // Cleanup hooks run in reverse order: this one before the thread-safe function's own, so running work ends
  // while the way back to JavaScript still exists.
  env.AddCleanupHook([environment] { environment->stop(); });
  // On the main thread process.exit() runs static destructors while the engine may still be inside libtorch,
  // which crashed 8 times of 8 (measured); so the engine stops in the 'exit' event already.
  Napi::Object process = env.Global().Get("process").As<Napi::Object>();
  process.Get("once").As<Napi::Function>().Call(
      process, {Napi::String::New(env, "exit"),
                Napi::Function::New(env, [environment](const Napi::CallbackInfo&) { environment->stop(); })});
}

Environment& Environment::of(Napi::BasicEnv env) {
  return *env.GetInstanceData<Environment>();
}

Environment::Environment(Napi::Env env) {
  const auto nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  to_js_ =
      Napi::ThreadSafeFunction::New(env, nothing, "singlepath", /*maxQueueSize=*/0, /*initialThreadCount=*/1);
  to_js_.Unref(env);
}

void Environment::stop() {
  for (const auto& [owner, interrupt] : interrupts_) interrupt();
  engine_.stop();
}

void Environment::interrupt_with(const void* owner, std::function<void()> interrupt) {
  if (interrupt) {
    interrupts_[owner] = std::move(interrupt);
  } else {
    interrupts_.erase(owner);
  }
}

void Environment::call_later(Callback callback) {
  auto* owned = new Callback(std::move(callback));
  const napi_status status =
      to_js_.NonBlockingCall(owned, [](Napi::Env env, Napi::Function, Callback* callback) {
        std::unique_ptr<Callback> own(callback);
        if (static_cast<napi_env>(env) == nullptr) return;
        try {
          (*own)(env);
        } catch (...) {
          // A worker that is being terminated can neither resolve nor reject; nobody is there to see it.
        }
      });
  if (status != napi_ok) delete owned;
}

void Environment::begin(Napi::Env env) {
  if (pending_++ == 0) to_js_.Ref(env);
}

void Environment::end(Napi::Env env) {
  if (--pending_ == 0) to_js_.Unref(env);
}

void Environment::count(Napi::BasicEnv env, const std::string& name, int delta, int64_t bytes) {
  handles_[name] += delta;
  if (bytes != 0) Napi::MemoryManagement::AdjustExternalMemory(env, delta * bytes);
}

}  // namespace singlepath
