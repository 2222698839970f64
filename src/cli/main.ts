#!/usr/bin/env node
import { tolerateBrokenStreams } from './common/streams.js';
import { runCli } from './program.js';

tolerateBrokenStreams();
process.exitCode = await runCli(process.argv.slice(2));
