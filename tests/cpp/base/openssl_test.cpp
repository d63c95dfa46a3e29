#include "base/openssl.hpp"

#include <atomic>
#include <chrono>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "support/in_child.hpp"

namespace authjwks {
namespace {

void leave_an_error() { ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR); }

TEST(GivenErrorsInTheQueue, ATurnEmptiesItAtItsEnd) {
    {
        const ossl::ForkSafeSection section;
        leave_an_error();
        leave_an_error();
        EXPECT_NE(ERR_peek_error(), 0U);
    }
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(GivenAnException, ATurnEmptiesTheQueueOnItsWayOut) {
    EXPECT_THROW(
        {
            const ossl::ForkSafeSection section;
            leave_an_error();
            throw std::runtime_error("on the way out");
        },
        std::runtime_error);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(GivenATurn, AThreadThatForksMeanwhileWaitsForItsEnd) {
    std::binary_semaphore begun{0};
    std::atomic<bool> ended{false};
    std::thread other([&] {
        const ossl::ForkSafeSection section;
        const ossl::ForkSafeSection within;
        begun.release();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        ended = true;
    });
    begun.acquire();

    EXPECT_TRUE(support::holds_in_child([&ended] { return ended.load(); }));

    other.join();
}

TEST(GivenAThreadThatHadATurn, TheChildOfAForkDoesNotWaitForIt) {
    std::binary_semaphore begun{0}, over{0};
    std::thread other([&] {
        {
            const ossl::ForkSafeSection section;
        }
        begun.release();
        over.acquire();
    });
    begun.acquire();

    EXPECT_TRUE(support::holds_in_child([] {
        const ossl::ForkSafeSection section;
        return true;
    }));
    EXPECT_TRUE(support::holds_in_child([] { return support::holds_in_child([] { return true; }); }));

    over.release();
    other.join();
}

/// Whose destructor comes after that of everything made later in the thread.
struct Late {
    ossl::Pkey key;
};

TEST(GivenAThreadThatEnds, WhatItDropsLastStillHasItsTurn) {
    std::thread([] {
        thread_local Late late;
        const ossl::ForkSafeSection section;
        late.key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    }).join();

    EXPECT_TRUE(support::holds_in_child([] { return true; }));
}

TEST(GivenASharedKey, ItOutlivesItsFirstOwner) {
    ossl::Pkey first(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const EVP_PKEY* const key = first.get();

    const ossl::Pkey second = ossl::share(first);
    first.reset();

    EXPECT_EQ(second.get(), key) << "a copy was made";
    EXPECT_EQ(EVP_PKEY_is_a(second.get(), "ED25519"), 1);
}

}  // namespace
}  // namespace authjwks
