#include "binding/network_results.h"

#include "binding/convert.h"

namespace singlepath {

Napi::Object to_js(Napi::Env env, const StepResult& result) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("loss", result.loss);
  object.Set("correct", result.correct);
  object.Set("images", result.images);
  object.Set("gradientNorm", result.gradient_norm);
  object.Set("stop", result.stop);
  object.Set("communication", result.communication);
  return object;
}

Napi::Object to_js(Napi::Env env, const Gradients& gradients) {
  Napi::Object object = to_js(env, gradients.result);
  object.Set("logits", to_js(env, gradients.logits));
  object.Set("input", to_js(env, gradients.input));
  object.Set("gradients", to_js(env, gradients.gradients));
  return object;
}

Napi::Value to_js(Napi::Env env, const PopulationScores& scores) {
  Napi::Object object = Napi::Object::New(env);
  const size_t count = scores.scores.size();
  Napi::Array correct = Napi::Array::New(env, count), top5 = Napi::Array::New(env, count),
              loss = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; ++i) {
    correct.Set(i, scores.scores[i].correct);
    top5.Set(i, scores.scores[i].top5);
    loss.Set(i, scores.scores[i].loss);
  }
  object.Set("correct", correct);
  object.Set("top5", top5);
  object.Set("loss", loss);
  object.Set("images", scores.images);
  object.Set("layersRun", scores.layers_run);
  object.Set("layersAlone", scores.layers_alone);
  return object;
}

Napi::Value to_js(Napi::Env env, const Validation& validation) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("correct", validation.score.correct);
  object.Set("top5", validation.score.top5);
  object.Set("loss", validation.score.loss);
  object.Set("images", validation.images);
  return object;
}

Napi::Value to_js(Napi::Env env, const Network::Graphs& graphs) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("recorded", static_cast<double>(graphs.recorded));
  object.Set("refusal", graphs.refusal.empty() ? env.Null() : Napi::String::New(env, graphs.refusal));
  return object;
}

}  // namespace singlepath
