#include "crypto/fork_safe_section.hpp"

#include <atomic>
#include <chrono>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <gtest/gtest.h>

#include "support/in_child.hpp"
#include "support/new_key.hpp"

namespace authjwks {
namespace {

void leave_an_error() {
    const crypto::Bio empty(BIO_new_mem_buf("", 0));
    EXPECT_EQ(PEM_read_bio_PUBKEY(empty.get(), nullptr, nullptr, nullptr), nullptr);
}

TEST(GivenErrorsInTheQueue, ASectionEmptiesItAtItsEnd) {
    {
        const crypto::ForkSafeSection section;
        leave_an_error();
        leave_an_error();
        EXPECT_NE(ERR_peek_error(), 0U);
    }
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(GivenAnException, ASectionEmptiesTheQueueOnItsWayOut) {
    EXPECT_THROW(
        {
            const crypto::ForkSafeSection section;
            leave_an_error();
            throw std::runtime_error("on the way out");
        },
        std::runtime_error);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(GivenASection, AThreadThatForksMeanwhileWaitsForItsEnd) {
    std::binary_semaphore begun{0};
    std::atomic<bool> ended{false};
    std::thread other([&] {
        const crypto::ForkSafeSection section;
        const crypto::ForkSafeSection within;
        begun.release();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        ended = true;
    });
    begun.acquire();

    EXPECT_TRUE(support::holds_in_child([&ended] { return ended.load(); }));

    other.join();
}

TEST(GivenAThreadThatHadASection, TheChildOfAForkDoesNotWaitForIt) {
    std::binary_semaphore begun{0}, over{0};
    std::thread other([&] {
        {
            const crypto::ForkSafeSection section;
        }
        begun.release();
        over.acquire();
    });
    begun.acquire();

    EXPECT_TRUE(support::holds_in_child([] {
        const crypto::ForkSafeSection section;
        return true;
    }));
    EXPECT_TRUE(support::holds_in_child([] { return support::holds_in_child([] { return true; }); }));

    over.release();
    other.join();
}

/// Whose destructor comes after that of everything made later in the thread.
struct Late {
    crypto::Pkey key;
};

TEST(GivenAThreadThatEnds, WhatItDropsLastStillHasItsSection) {
    std::thread([] {
        thread_local Late late;
        const crypto::ForkSafeSection section;
        late.key = support::new_key(EVP_PKEY_ED25519);
    }).join();

    EXPECT_TRUE(support::holds_in_child([] { return true; }));
}

}  // namespace
}  // namespace authjwks
