// Results of a network as JavaScript sees them.
#pragma once

#include "binding/napi_setup.h"
#include "supernet/network.h"

namespace singlepath {

Napi::Object to_js(Napi::Env env, const StepResult& result);
Napi::Object to_js(Napi::Env env, const Gradients& gradients);
Napi::Value to_js(Napi::Env env, const PopulationScores& scores);
Napi::Value to_js(Napi::Env env, const Validation& validation);
Napi::Value to_js(Napi::Env env, const Network::Graphs& graphs);

}  // namespace singlepath
