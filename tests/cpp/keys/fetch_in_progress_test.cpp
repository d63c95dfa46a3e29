#include "keys/fetch_in_progress.hpp"

#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

using namespace std::chrono_literals;

class GivenAFetch : public ::testing::Test {
  protected:
    GivenAFetch() { fetch.start(Need::keys, false, deadline); }

    const Tick deadline = Tick(1h);
    std::mutex mutex;
    FetchInProgress::Lock lock{mutex};
    FetchInProgress fetch;
};

TEST_F(GivenAFetch, ItIsAwaitableUntilItsDeadline) {
    EXPECT_TRUE(fetch.exists());
    EXPECT_FALSE(fetch.is_running());
    EXPECT_TRUE(fetch.is_awaitable(deadline - Clock::duration(1)));
    EXPECT_FALSE(fetch.is_awaitable(deadline));
}

TEST_F(GivenAFetch, TheThreadThatRunsItCannotAwaitIt) {
    fetch.run();

    EXPECT_TRUE(fetch.is_running());
    EXPECT_FALSE(fetch.is_awaitable(Tick{}));
    bool elsewhere = false;
    std::thread([&] { elsewhere = fetch.is_awaitable(Tick{}); }).join();
    EXPECT_TRUE(elsewhere);
}

// What a cache has kept, or an issuer was asked for before the caller came, decides nothing.
TEST_F(GivenAFetch, OnlyARequestPastCachesThatIsNotSentYetIsConclusive) {
    EXPECT_FALSE(fetch.is_past_caches());
    EXPECT_FALSE(fetch.is_conclusive());
    fetch.abandon();

    fetch.start(Need::unknown_key, true, deadline);
    EXPECT_TRUE(fetch.is_past_caches());
    EXPECT_TRUE(fetch.is_conclusive());

    fetch.run();
    EXPECT_TRUE(fetch.is_past_caches());
    EXPECT_FALSE(fetch.is_conclusive());
}

TEST_F(GivenAFetch, OnlyItsOwnRunCompletesIt) {
    const auto first = fetch.run();
    fetch.abandon();
    fetch.start(Need::command, true, deadline);
    const auto second = fetch.run();

    EXPECT_FALSE(fetch.complete(first));
    EXPECT_TRUE(fetch.exists());
    EXPECT_TRUE(fetch.complete(second));
    EXPECT_FALSE(fetch.exists());
}

TEST_F(GivenAFetch, AbandonedOnesThatGoOnAreBounded) {
    FetchInProgress::Id first = 0;
    for (std::size_t i = 0; i < FetchInProgress::kMaxAbandoned; ++i) {
        if (i > 0) fetch.start(Need::keys, false, deadline);
        first = fetch.run();
        fetch.abandon();
        EXPECT_EQ(fetch.may_start(), i + 1 < FetchInProgress::kMaxAbandoned);
    }
    EXPECT_FALSE(fetch.complete(first));
    EXPECT_TRUE(fetch.may_start());
}

TEST_F(GivenAFetch, OneThatWasNeverRunIsAbandonedWithoutATrace) {
    for (std::size_t i = 0; i <= FetchInProgress::kMaxAbandoned; ++i) {
        fetch.abandon();
        EXPECT_TRUE(fetch.may_start());
        fetch.start(Need::keys, false, deadline);
    }
}

TEST_F(GivenAFetch, AWaitEndsWithIt) {
    std::thread other([this] {
        const FetchInProgress::Lock held(mutex);
        fetch.complete(fetch.run());
    });

    EXPECT_TRUE(fetch.wait(lock, 1h, {}));

    other.join();
}

TEST_F(GivenAFetch, AWaitEndsWithItsTime) {
    EXPECT_FALSE(fetch.wait(lock, 1ms, {}));
    EXPECT_FALSE(fetch.wait(lock, 60ms, [] { return false; }));
    EXPECT_FALSE(fetch.wait(lock, -1s, [] { return false; }));
}

TEST_F(GivenAFetch, AnInterruptionEndsTheWaitAndIsAskedForWithoutTheLock) {
    bool was_free = false;

    EXPECT_FALSE(fetch.wait(lock, 1h, [&] {
        std::thread([&] { was_free = FetchInProgress::Lock(mutex, std::try_to_lock).owns_lock(); }).join();
        return true;
    }));

    EXPECT_TRUE(was_free);
    EXPECT_TRUE(lock.owns_lock());
}

}  // namespace
}  // namespace authjwks
