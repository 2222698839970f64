// Pieces of work: each runs once, on a thread of its own at that time, and none waits for a thread that is
// held up. test/native/programs.test.ts builds and runs it.
#include "core/thread_pool.h"

#include "core/test/check.h"

using namespace singlepath;

namespace {

void test_partition() {
  for (const int parts : {1, 2, 3, 7})
    for (const long count : {0L, 1L, 5L, 64L, 1000L}) {
      long next = 0;
      for (int part = 0; part < parts; ++part) {
        const WorkRange range = partition(count, 3, part, parts);
        check(range.begin == next && range.end >= range.begin, "a part begins where the last one ended");
        next = range.end;
      }
      check(next == count, "parts cover everything");
    }
}

// Many small jobs one behind the other, so that threads come late to some of them.
void test_every_piece_once() {
  ThreadPool pool(4);
  for (int round = 0; round < 3000; ++round) {
    if (round == 1000) pool.set_threads(3);
    if (round == 2000) pool.set_threads(2);
    const int pieces = 1 + round % 17;
    std::vector<int> runs(pieces), inside(pool.threads());
    pool.run(pieces, [&](int piece, int thread) {
      check(++inside[thread] == 1, "a thread runs one piece at a time");
      ++runs[piece];
      --inside[thread];
    });
    for (const int count : runs) check(count == 1, "every piece runs once");
  }
}

void test_parallel_for() {
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (const long count : {0L, 1L, 7L, 1000L}) {
      std::vector<int> runs(count);
      pool.parallel_for(count, 4, [&](long begin, long end, int) {
        check(begin < end && begin % 4 == 0, "pieces are not empty and are cut at multiples of the grain");
        for (long i = begin; i < end; ++i) ++runs[i];
      });
      for (const int count_of_item : runs) check(count_of_item == 1, "every item runs once");
    }
    check(pool.pieces(9, 8) <= 2, "pieces are as large as the grain");
  }
}

// The thread that has the first piece is held up until all others are done: with a fixed half for each thread
// this would wait for ever.
void test_nobody_waits_for_a_thread() {
  ThreadPool pool(2);
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> others{0};
    const int pieces = pool.pieces(64, 1);
    check(pieces > pool.threads(), "there are more pieces than threads");
    pool.run(pieces, [&](int piece, int) {
      if (piece != 0) {
        ++others;
        return;
      }
      while (others.load() != pieces - 1) std::this_thread::yield();
    });
  }
}

void test_count() {
  ThreadPool pool(2);
  ThreadPool::Activity activity;
  pool.count(&activity);
  for (int i = 0; i < 10; ++i) pool.run(6, [](int, int) {});
  pool.count(nullptr);
  pool.run(6, [](int, int) {});
  check(activity.jobs == 10 && activity.pieces == 60, "jobs and pieces are counted, until that ends");
  check(activity.busy.size() == 2 && activity.busy[0] + activity.busy[1] <= 2 * activity.seconds,
        "threads are busy inside jobs only");
}

}  // namespace

int main() {
  test_partition();
  test_every_piece_once();
  test_parallel_for();
  test_nobody_waits_for_a_thread();
  test_count();
}
