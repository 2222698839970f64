// What all handles have in common: JavaScript's object holds something native until dispose(), or until the
// garbage collector takes the object. While it holds it, it is counted; afterwards each use is refused.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/napi_setup.h"

namespace singlepath {

// `Self` has the name of its class in JavaScript (kClass), a noun for messages (kNoun) and a type tag (kTag),
// by which its objects are told from those of other classes.
template <class Self, class Native>
class Handle : public Napi::ObjectWrap<Self> {
 public:
  using Pointer = std::shared_ptr<Native>;

  void Finalize(Napi::Env env) override { release(env); }

  // What `value` holds. Throws INVALID_ARGUMENT for other values, DISPOSED after dispose().
  static const Pointer& from(const Napi::Value& value) {
    check_tag(value, Self::kNoun);
    return Self::Unwrap(value.As<Napi::Object>())->live();
  }

 protected:
  using Members = std::vector<Napi::ClassPropertyDescriptor<Self>>;

  explicit Handle(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Self>(info), environment_(&Environment::of(info.Env())) {}

  // The class in JavaScript: `members` and dispose().
  static Napi::Function define(Napi::Env env, Members members) {
    const typename Self::InstanceVoidMethodCallback dispose = &Handle::dispose;
    members.push_back(Self::InstanceMethod("dispose", dispose));
    return Self::DefineClass(env, Self::kClass, members);
  }

  // A constructor's argument that only native code can make: `make` is the function that does.
  static Pointer argument(const Napi::Value& value, const std::string& make) {
    if (!value.IsExternal())
      throw Error("INVALID_ARGUMENT", std::string("A ") + Self::kNoun + " is made by " + make);
    return *value.As<Napi::External<Pointer>>().Data();
  }
  static Napi::Object wrap(Napi::Env env, Napi::FunctionReference& constructor, Pointer native) {
    return constructor.New({Napi::External<Pointer>::New(env, &native)});
  }

  // Ends each constructor. `bytes` is told to V8's garbage collector.
  void hold(const Napi::CallbackInfo& info, Pointer native, int64_t bytes = 0) {
    info.This().template As<Napi::Object>().TypeTag(&Self::kTag);
    native_ = std::move(native);
    bytes_ = bytes;
    environment_->count(info.Env(), Self::kClass, 1, bytes_);
  }

  // What the receiver of a call holds. V8 checks the receiver of methods, but not of getters: those called on
  // another object would take its memory for their own.
  const Pointer& live(const Napi::CallbackInfo& info) const {
    check_tag(info.This(), "this");
    return live();
  }

  // After what was held is gone.
  void released(Napi::BasicEnv) {}

  Environment* environment_;
  Pointer native_;

 private:
  static void check_tag(const Napi::Value& value, const char* where) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&Self::kTag))
      expected(std::string("a ") + Self::kClass + " of the addon", where, value);
  }

  const Pointer& live() const {
    if (!native_) throw Error("DISPOSED", std::string("A ") + Self::kNoun + " was used after dispose()");
    return native_;
  }

  void dispose(const Napi::CallbackInfo& info) { release(info.Env()); }

  void release(Napi::BasicEnv env) {
    if (!native_) return;
    native_.reset();
    environment_->count(env, Self::kClass, -1, bytes_);
    static_cast<Self*>(this)->released(env);
  }

  int64_t bytes_ = 0;
};

}  // namespace singlepath
