// Counts the calls that libtorch makes to the CUDA runtime; those inside cuDNN and cuBLAS, and launches of our own
// kernels outside of graphs, go elsewhere and are not seen.
// LD_PRELOAD it under `node dist/bench/gpu/main.js count`, which talks to it by assignments of process.env.SP_COUNT, as Node
// calls setenv for them: `reset` starts, a number of steps prints the counts a step.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES(X)                                                                                          \
  X(cudaLaunchKernel) X(__cudaLaunchKernel) X(cudaLaunchKernelExC) X(cudaMemcpyAsync) X(cudaMemsetAsync) X(cudaStreamSynchronize) \
  X(cudaDeviceSynchronize) X(cudaEventSynchronize) X(cudaMalloc) X(cudaFree) X(cudaHostAlloc) X(cudaGraphLaunch)
#define ENUM(name) k_##name,
enum { NAMES(ENUM) kinds };
static long counts[kinds];

typedef struct {
  unsigned x, y, z;
} dim3_;

// The runtime is loaded for the addon alone, so RTLD_NEXT does not see it.
static void* real(const char* name) {
  static const char* const libraries[] = {"libcudart.so.13", "libcudart.so.12"};
  for (int i = 0; i < 2; ++i) {
    void* library = dlopen(libraries[i], RTLD_NOLOAD | RTLD_LAZY);
    void* function = library ? dlsym(library, name) : NULL;
    if (function) return function;
  }
  fprintf(stderr, "count-calls: no CUDA runtime has %s\n", name);
  abort();
}

#define WRAP(name, parameters, arguments)                     \
  int name parameters {                                       \
    static int(*function) parameters;                         \
    if (!function) function = (int(*) parameters)real(#name); \
    __atomic_add_fetch(&counts[k_##name], 1, __ATOMIC_RELAXED); \
    return function arguments;                                \
  }
WRAP(cudaLaunchKernel, (const void* f, dim3_ g, dim3_ b, void** p, size_t m, void* s), (f, g, b, p, m, s))
// What cudaLaunchKernel is since CUDA 13.
WRAP(__cudaLaunchKernel, (void* f, dim3_ g, dim3_ b, void** p, size_t m, void* s), (f, g, b, p, m, s))
WRAP(cudaLaunchKernelExC, (const void* c, const void* f, void** p), (c, f, p))
WRAP(cudaMemcpyAsync, (void* d, const void* s, size_t n, int k, void* t), (d, s, n, k, t))
WRAP(cudaMemsetAsync, (void* d, int v, size_t n, void* t), (d, v, n, t))
WRAP(cudaStreamSynchronize, (void* t), (t))
WRAP(cudaDeviceSynchronize, (void), ())
WRAP(cudaEventSynchronize, (void* e), (e))
WRAP(cudaMalloc, (void** p, size_t n), (p, n))
WRAP(cudaFree, (void* p), (p))
WRAP(cudaHostAlloc, (void** p, size_t n, unsigned f), (p, n, f))
WRAP(cudaGraphLaunch, (void* g, void* t), (g, t))

int setenv(const char* name, const char* value, int overwrite) {
  static int (*function)(const char*, const char*, int);
  if (!function) function = (int (*)(const char*, const char*, int))dlsym(RTLD_NEXT, "setenv");
  if (strcmp(name, "SP_COUNT") == 0) {
    const double steps = strcmp(value, "reset") == 0 ? 0 : atof(value);
#define PRINT(call) \
  if (steps > 0 && counts[k_##call] > 0) fprintf(stderr, "  %-22s %8.1f a step\n", #call, counts[k_##call] / steps);
    NAMES(PRINT)
    memset(counts, 0, sizeof counts);
  }
  return function(name, value, overwrite);
}
