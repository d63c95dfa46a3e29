#include "keys/scheduler.hpp"

#include <atomic>
#include <csignal>
#include <functional>
#include <latch>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

#include <pthread.h>

#include <gtest/gtest.h>

#include "keys/key_source.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

/// A scheduler of its own, and sources whose ticks call a function of the test.
class GivenAScheduler : public ::testing::Test {
  protected:
    ~GivenAScheduler() override { scheduler.stop(); }

    static std::shared_ptr<KeySource> source_that(std::function<void()> does) {
        auto source = std::make_shared<KeySource>(
            KeyOptions{},
            KeySourceDependencies{.label = "",
                                  .load =
                                      [does = std::move(does)](const LoadRequest&) {
                                          does();
                                          return Result<LoadedKeys, FetchFailure>(FetchFault::unreachable);
                                      },
                                  .now = [] { return Clock::now(); },
                                  .jitter = [] { return 0.0; },
                                  .wake = {}});
        std::ignore = source->ready();  // nothing is fetched for nobody
        return source;
    }

    Scheduler scheduler;
};

TEST_F(GivenAScheduler, ASourceIsCalledOnAnotherThread) {
    std::latch called(1);
    std::thread::id where;
    const auto source = source_that([&] {
        where = std::this_thread::get_id();
        called.count_down();
    });

    EXPECT_TRUE(scheduler.wake(source, Clock::now()));

    called.wait();
    EXPECT_NE(where, std::this_thread::get_id());
}

TEST_F(GivenAScheduler, ASourceIsCalledAtItsTime) {
    std::latch called(1);
    Tick when;
    const auto source = source_that([&] {
        when = Clock::now();
        called.count_down();
    });
    const Tick at = Clock::now() + 20ms;

    EXPECT_TRUE(scheduler.wake(source, at));

    called.wait();
    EXPECT_GE(when, at);
}

TEST_F(GivenAScheduler, ALaterCallReplacesAnEarlierOne) {
    std::atomic<int> calls = 0;
    std::latch called(1), other_called(1);
    const auto source = source_that([&] {
        ++calls;
        called.count_down();
    });
    EXPECT_TRUE(scheduler.wake(source, Clock::now() + 1h));
    EXPECT_TRUE(scheduler.wake(source, Clock::now()));
    called.wait();

    EXPECT_TRUE(scheduler.wake(source, Clock::now() + 5ms));
    EXPECT_TRUE(scheduler.wake(source, Clock::now() + 1h));
    const auto other = source_that([&] { other_called.count_down(); });
    EXPECT_TRUE(scheduler.wake(other, Clock::now() + 50ms));
    other_called.wait();

    EXPECT_EQ(calls, 1);
}

TEST_F(GivenAScheduler, ManySourcesAreCalledAtOnceButNoMoreThanItHasThreads) {
    constexpr std::size_t sources = 3 * Scheduler::kMaxThreads;
    std::latch all_threads_busy(Scheduler::kMaxThreads), all_called(sources);
    std::atomic<std::size_t> arrived = 0, running = 0, most = 0;
    std::vector<std::shared_ptr<KeySource>> owned;
    for (std::size_t i = 0; i < sources; ++i)
        owned.push_back(source_that([&] {
            const std::size_t now = ++running;
            for (std::size_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
            if (++arrived <= Scheduler::kMaxThreads) all_threads_busy.arrive_and_wait();
            --running;
            all_called.count_down();
        }));

    for (const auto& source : owned) EXPECT_TRUE(scheduler.wake(source, Clock::now()));

    all_called.wait();
    EXPECT_EQ(most, Scheduler::kMaxThreads);
    EXPECT_EQ(Scheduler::kMaxThreads, 8U);
}

TEST_F(GivenAScheduler, ASourceIsNotKeptAlive) {
    auto source = source_that([] { ADD_FAILURE() << "it was called"; });
    const std::weak_ptr<KeySource> watched = source;
    std::latch other_called(1);
    const auto other = source_that([&] { other_called.count_down(); });
    EXPECT_TRUE(scheduler.wake(source, Clock::now() + 1s));
    EXPECT_TRUE(scheduler.wake(other, Clock::now() + 1100ms));

    source.reset();

    EXPECT_TRUE(watched.expired());
    other_called.wait();
}

TEST_F(GivenAScheduler, ACancelledSourceIsNotCalled) {
    const auto source = source_that([] { ADD_FAILURE() << "it was called"; });
    std::latch other_called(1);
    const auto other = source_that([&] { other_called.count_down(); });
    EXPECT_TRUE(scheduler.wake(source, Clock::now() + 1s));
    EXPECT_TRUE(scheduler.wake(other, Clock::now() + 1100ms));

    scheduler.cancel(*source);
    scheduler.cancel(*source);

    other_called.wait();
}

TEST_F(GivenAScheduler, AfterStopNothingIsAgreed) {
    scheduler.stop();

    EXPECT_TRUE(scheduler.is_stopping());
    EXPECT_FALSE(scheduler.wake(source_that([] {}), Clock::now()));
}

TEST_F(GivenAScheduler, StopWaitsForFetchesThatSeeItAndGiveUp) {
    std::latch called(1);
    std::atomic<bool> gave_up = false;
    const auto source = source_that([&] {
        called.count_down();
        while (!scheduler.is_stopping()) std::this_thread::yield();
        gave_up = true;
    });
    EXPECT_TRUE(scheduler.wake(source, Clock::now()));
    called.wait();

    scheduler.stop();

    EXPECT_TRUE(gave_up);
}

TEST_F(GivenAScheduler, StopDoesNotWaitForWhatIsAgreedForLater) {
    const auto source = source_that([] { ADD_FAILURE() << "it was called"; });
    EXPECT_TRUE(scheduler.wake(source, Clock::now() + 1h));
    scheduler.stop();
    scheduler.stop();
}

TEST_F(GivenAScheduler, ItsThreadsLeaveSignalsToOthers) {
    std::latch called(1);
    sigset_t blocked;
    const auto source = source_that([&] {
        pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        called.count_down();
    });
    EXPECT_TRUE(scheduler.wake(source, Clock::now()));
    called.wait();

    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGCHLD})
        EXPECT_EQ(sigismember(&blocked, signal), 1) << signal;
    sigset_t here;
    pthread_sigmask(SIG_BLOCK, nullptr, &here);
    EXPECT_EQ(sigismember(&here, SIGINT), 0) << "the caller's own stay as they were";
}

TEST(GivenTheProcess, ItHasOneScheduler) { EXPECT_EQ(&Scheduler::of_this_process(), &Scheduler::of_this_process()); }

}  // namespace
}  // namespace authjwks
