#!/usr/bin/env node
import { isShared } from './common/alone.js';
import { tolerateBrokenStreams } from './common/streams.js';
import { runCli } from './program.js';

tolerateBrokenStreams();
process.exitCode = await runCli(process.argv.slice(2));
// A call to the store of a group may hang for ever with the machine that served it.
if (isShared()) process.exit();
