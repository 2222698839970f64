// What the data classes keep per JavaScript environment.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <thread>

#include "binding/js_queue.h"

namespace singlepath {

struct DataEnv {
  // One for each of init_dataset and init_loader; freed when the environment goes, after its threads have ended.
  static DataEnv* create(Napi::Env env);

  // Runs `work` on a thread of its own and settles the promise with what it returns or throws.
  Napi::Promise run(Napi::Env env, std::function<Later::Make()> work);

  std::shared_ptr<JsQueue> queue;
  Napi::FunctionReference dataset_class;
  std::list<std::thread> threads;  // JavaScript thread only
};

}  // namespace singlepath
