# A shim: `npx node-gyp rebuild` runs the same CMake build as `singlepath build`.
{
  'targets': [
    {
      'target_name': 'singlepath_cmake',
      'type': 'none',
      'actions': [
        {
          'action_name': 'cmake',
          'inputs': ['CMakeLists.txt'],
          'outputs': ['build/Release/singlepath.node'],
          'action': ['node', 'scripts/build-addon.mjs'],
        },
      ],
    },
  ],
}
