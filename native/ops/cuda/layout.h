// How the threads of batch_norm.cu are laid over a tensor.
#pragma once

#include <algorithm>

namespace singlepath::cuda {

// Of one kernel.
struct Launch {
  unsigned blocks_x = 1, blocks_y = 1;
  unsigned threads_x = 1, threads_y = 1;
  unsigned shared_bytes = 0;
};

class Layout {
 public:
  // Up to so many rows one block takes all rows of its channels: further launches cost more than what it
  // leaves idle.
  static constexpr long kFewRows = 2048;

  // A tensor [rows, channels], `width` channels of `bytes` each at once, on a card with so many processors.
  // `once`: where one launch can do it all, as it reads few rows again.
  Layout(long all_rows, int all_channels, int width, int bytes, bool once, int processors)
      : channels(all_channels),
        rows(all_rows),
        few_rows(once && all_rows <= kFewRows),
        lanes(std::min(all_channels / width, few_rows ? kSector / (width * bytes) : kMostLanes)),
        width_(width),
        threads_((few_rows ? 512 : 256) / lanes * lanes),
        tiles_((all_channels / width + lanes - 1) / lanes),
        processors_(processors) {}

  const int channels;
  const long rows;
  const bool few_rows;
  const int lanes;  // threads side by side over the channels

  // Blocks that have all rows. `numbers` a channel are kept beside the sums.
  Launch all_rows(int numbers) const { return shape(1, true, numbers); }
  // Blocks that share the rows: none with less than four for a thread, and no more than keep the card busy.
  Launch shares(int blocks_per_processor, bool sums, int numbers) const {
    const long useful = std::max(1L, rows / (threads_ / lanes * 4));
    const long busy = std::max(1, blocks_per_processor * processors_ / tiles_);
    return shape(std::min(useful, busy), sums, numbers);
  }
  // Of the kernels that add up the sums of shares.
  Launch finish() const {
    Launch launch;
    launch.blocks_x = static_cast<unsigned>((channels + 15) / 16);
    launch.threads_x = 16;
    launch.threads_y = 32;
    launch.shared_bytes = 16 * 32 * 2 * sizeof(double);
    return launch;
  }

 private:
  static constexpr int kSector = 32;      // bytes that memory hands over at once
  static constexpr int kMostLanes = 128;  // what a block needs then fits into 48 KiB

  Launch shape(long blocks, bool sums, int numbers) const {
    Launch launch;
    launch.blocks_x = static_cast<unsigned>(tiles_);
    launch.blocks_y = static_cast<unsigned>(blocks);
    launch.threads_x = static_cast<unsigned>(threads_);
    int floats = numbers * width_ * lanes;
    if (sums) floats += 2 * width_ * (threads_ + 1) + threads_ + 2 * width_ * lanes;
    launch.shared_bytes = static_cast<unsigned>(floats * sizeof(float));
    return launch;
  }

  int width_, threads_, tiles_, processors_;
};

}  // namespace singlepath::cuda
