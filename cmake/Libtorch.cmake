# Links libtorch by hand: the target singlepath_libtorch, SINGLEPATH_TORCH_VERSION and SINGLEPATH_RPATH.
#
# find_package(Torch) is not used: it mixes a pip wheel with Debian's libtorch-dev where both are installed, wants a
# CUDA toolkit for a CUDA wheel, and warns about libraries nobody needs. Headers, three libraries and the ABI flag
# are all there is to it, from 1.13 to 2.14.

function(singlepath_fail text)
  message(FATAL_ERROR "${text}\nSINGLEPATH_LIBTORCH is '${SINGLEPATH_LIBTORCH}'. Run `npx singlepath build`, which finds or "
                      "installs libtorch, or set LIBTORCH to a folder with lib/ and include/.")
endfunction()

if(NOT SINGLEPATH_LIBTORCH)
  singlepath_fail("No libtorch was given.")
endif()

set(torch_include ${SINGLEPATH_LIBTORCH}/include)
set(torch_version_header ${torch_include}/torch/headeronly/version.h)  # since 2.9
if(NOT EXISTS ${torch_version_header})
  set(torch_version_header ${torch_include}/torch/csrc/api/include/torch/version.h)
endif()
if(NOT EXISTS ${torch_version_header})
  singlepath_fail("There is no libtorch header torch/version.h under ${torch_include}.")
endif()
file(STRINGS ${torch_version_header} version_lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
string(REGEX REPLACE "[^0-9;]" "" version_numbers "${version_lines}")
list(JOIN version_numbers "." SINGLEPATH_TORCH_VERSION)

# Debian keeps the libraries in lib/<architecture>. The cache remembers where they were; another libtorch is another place.
foreach(name torch torch_cpu c10 torch_cuda c10_cuda)
  if(NOT SINGLEPATH_LIBTORCH STREQUAL SINGLEPATH_LIBTORCH_BEFORE)
    unset(LIBRARY_${name} CACHE)
  endif()
  find_library(LIBRARY_${name} ${name}
    PATHS ${SINGLEPATH_LIBTORCH}/lib ${SINGLEPATH_LIBTORCH}/lib/${CMAKE_LIBRARY_ARCHITECTURE} NO_DEFAULT_PATH)
endforeach()
set(SINGLEPATH_LIBTORCH_BEFORE ${SINGLEPATH_LIBTORCH} CACHE INTERNAL "")
if(NOT LIBRARY_torch OR NOT LIBRARY_torch_cpu OR NOT LIBRARY_c10)
  singlepath_fail("libtorch's libraries (torch, torch_cpu, c10) are not all under ${SINGLEPATH_LIBTORCH}/lib.")
endif()

add_library(singlepath_libtorch INTERFACE)
target_include_directories(singlepath_libtorch SYSTEM INTERFACE
  ${torch_include} ${torch_include}/torch/csrc/api/include)
target_link_libraries(singlepath_libtorch INTERFACE ${LIBRARY_torch} ${LIBRARY_torch_cpu} ${LIBRARY_c10})

# Wheels before 2.7 were built with the old ABI of std::string and say so in TorchConfig.cmake.
set(torch_config ${SINGLEPATH_LIBTORCH}/share/cmake/Torch/TorchConfig.cmake)
if(EXISTS ${torch_config})
  file(STRINGS ${torch_config} abi_line REGEX "_GLIBCXX_USE_CXX11_ABI=[01]")
  if(abi_line MATCHES "(_GLIBCXX_USE_CXX11_ABI=[01])")
    target_compile_definitions(singlepath_libtorch INTERFACE ${CMAKE_MATCH_1})
  endif()
endif()

# A CUDA build registers its device when torch_cuda is mapped, which nothing of ours refers to by name.
set(torch_flavour "CPU")
if(LIBRARY_torch_cuda AND LIBRARY_c10_cuda)
  set(torch_flavour "CUDA")
  # The wheel's version.py has a line such as: cuda: Optional[str] = '13.0'
  set(torch_cuda_version unknown)
  if(EXISTS ${SINGLEPATH_LIBTORCH}/version.py)
    file(STRINGS ${SINGLEPATH_LIBTORCH}/version.py cuda_line REGEX "^cuda.*'[0-9.]+'")
    if(cuda_line MATCHES "'([0-9.]+)'")
      set(torch_cuda_version ${CMAKE_MATCH_1})
    endif()
  endif()
  target_compile_definitions(singlepath_libtorch INTERFACE SINGLEPATH_CUDA="${torch_cuda_version}")
  target_link_libraries(singlepath_libtorch INTERFACE
    -Wl,--push-state,--no-as-needed ${LIBRARY_torch_cuda} ${LIBRARY_c10_cuda} -Wl,--pop-state)
  # Headers of the CUDA runtime: pip packages beside torch (13: one folder; 12: one a library), else the toolkit.
  file(GLOB cuda_includes ${SINGLEPATH_LIBTORCH}/../nvidia/*/include /usr/local/cuda/include)
  target_include_directories(singlepath_libtorch SYSTEM INTERFACE ${cuda_includes})
  # Without these headers: no names of cards, no memory counters, no graphs, and runtime.kernels must be aten.
  find_file(SINGLEPATH_CUDA_RUNTIME cuda_runtime_api.h PATHS ${cuda_includes} NO_DEFAULT_PATH NO_CACHE)
  if(SINGLEPATH_CUDA_RUNTIME)
    target_compile_definitions(singlepath_libtorch INTERFACE SINGLEPATH_CUDA_HEADERS)
  else()
    message(STATUS "The headers of the CUDA runtime are missing: no names of cards, no memory counters, no graphs, kernels aten only")
  endif()
endif()

# A libtorch inside the project is found relative to the addon, so that the folder may be moved.
get_filename_component(SINGLEPATH_RPATH ${LIBRARY_torch_cpu} DIRECTORY)
file(RELATIVE_PATH torch_relative ${CMAKE_CURRENT_SOURCE_DIR} ${SINGLEPATH_RPATH})
if(NOT torch_relative MATCHES "^\\.\\./" AND NOT APPLE)
  file(RELATIVE_PATH torch_relative ${CMAKE_BINARY_DIR}/Release ${SINGLEPATH_RPATH})
  set(SINGLEPATH_RPATH "$ORIGIN/${torch_relative}")
endif()
message(STATUS "libtorch ${SINGLEPATH_TORCH_VERSION} (${torch_flavour}): ${SINGLEPATH_LIBTORCH}")
