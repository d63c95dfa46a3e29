#include "keys/allowance.hpp"

#include <gtest/gtest.h>

namespace authjwks {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration kTick{1};
const Tick kStart{1000h};

TEST(GivenAnAllowance, ItsBurstCanBeTakenAtOnce) {
    Allowance allowance(3, 10s);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowance.take(kStart));
    EXPECT_FALSE(allowance.take(kStart));
    EXPECT_EQ(allowance.wait(kStart), 10s);
}

TEST(GivenAnAllowance, OneIsRefilledPerInterval) {
    Allowance allowance(3, 10s);
    for (int i = 0; i < 3; ++i) allowance.take(kStart);
    EXPECT_FALSE(allowance.take(kStart + 10s - kTick));
    EXPECT_TRUE(allowance.take(kStart + 10s));
    EXPECT_FALSE(allowance.take(kStart + 10s));
    EXPECT_TRUE(allowance.take(kStart + 20s));
}

TEST(GivenAnAllowance, ItNeverHoldsMoreThanItsBurst) {
    Allowance allowance(2, 10s);
    const Tick later = kStart + 24h;
    EXPECT_TRUE(allowance.take(later));
    EXPECT_TRUE(allowance.take(later));
    EXPECT_FALSE(allowance.take(later));
}

TEST(GivenAnAllowance, WhatIsLeftForOthersIsNotTaken) {
    Allowance allowance(3, 10s);
    EXPECT_TRUE(allowance.take(kStart, 1));
    EXPECT_EQ(allowance.wait(kStart, 1), 0s);
    EXPECT_TRUE(allowance.take(kStart, 1));
    EXPECT_FALSE(allowance.take(kStart, 1));
    EXPECT_EQ(allowance.wait(kStart, 1), 10s);
    EXPECT_EQ(allowance.wait(kStart), 0s);
    EXPECT_TRUE(allowance.take(kStart)) << "which is for the others";
    EXPECT_EQ(allowance.wait(kStart, 1), 20s);
    EXPECT_FALSE(allowance.take(kStart + 20s - kTick, 1));
    EXPECT_TRUE(allowance.take(kStart + 20s, 1));
}

TEST(GivenAnAllowance, WhatIsGivenBackCanBeTakenAgain) {
    Allowance allowance(1, 10s);
    EXPECT_TRUE(allowance.take(kStart));
    allowance.give_back();
    EXPECT_EQ(allowance.wait(kStart), 0s);
    EXPECT_TRUE(allowance.take(kStart));
    EXPECT_FALSE(allowance.take(kStart));
}

TEST(GivenAnAllowance, WhatIsGivenBackLateAddsNothingToItsBurst) {
    Allowance allowance(2, 10s);
    allowance.take(kStart);
    allowance.give_back();
    const Tick later = kStart + 1h;
    allowance.take(later);
    allowance.give_back();
    allowance.give_back();
    EXPECT_TRUE(allowance.take(later));
    EXPECT_TRUE(allowance.take(later));
    EXPECT_FALSE(allowance.take(later));
}

}  // namespace
}  // namespace authjwks
