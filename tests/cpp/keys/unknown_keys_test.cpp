#include "keys/unknown_keys.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

class GivenUnknownKeys : public ::testing::Test {
  protected:
    support::FakeClock clock;
    UnknownKeys names;
};

TEST_F(GivenUnknownKeys, ANameIsContainedUntilItsTime) {
    names.add("a", clock.now() + 60s);

    EXPECT_TRUE(names.contains("a", clock.now()));
    EXPECT_FALSE(names.contains("b", clock.now()));
    EXPECT_FALSE(names.contains("", clock.now()));
    EXPECT_TRUE(names.contains("a", clock.now() + 60s - Clock::duration(1)));
    EXPECT_FALSE(names.contains("a", clock.now() + 60s));
}

TEST_F(GivenUnknownKeys, AnEmptyNameIsAName) {
    names.add("", clock.now() + 60s);
    EXPECT_TRUE(names.contains("", clock.now()));
}

TEST_F(GivenUnknownKeys, ANameAddedAgainGetsItsNewTime) {
    names.add("a", clock.now() + 60s);
    names.add("a", clock.now() + 10s);

    EXPECT_EQ(names.size(), 1U);
    EXPECT_FALSE(names.contains("a", clock.now() + 10s));
}

TEST_F(GivenUnknownKeys, OfTooManyTheOneAddedLongestAgoIsForgotten) {
    const auto name = [](std::size_t number) { return "name " + std::to_string(number); };
    for (std::size_t i = 0; i < UnknownKeys::kMaxNames; ++i) names.add(name(i), clock.now() + 60s);
    names.add(name(0), clock.now() + 60s);  // no longer the one added longest ago

    names.add("one more", clock.now() + 60s);

    EXPECT_EQ(names.size(), UnknownKeys::kMaxNames);
    EXPECT_EQ(UnknownKeys::kMaxNames, 1024U);
    EXPECT_FALSE(names.contains(name(1), clock.now()));
    for (std::size_t i = 0; i < UnknownKeys::kMaxNames; ++i)
        EXPECT_EQ(names.contains(name(i), clock.now()), i != 1) << i;
    EXPECT_TRUE(names.contains("one more", clock.now()));
}

TEST_F(GivenUnknownKeys, ALongNameIsNotRemembered) {
    const std::string longest(UnknownKeys::kMaxNameBytes, 'a');
    names.add(longest, clock.now() + 60s);
    names.add(longest + 'a', clock.now() + 60s);

    EXPECT_TRUE(names.contains(longest, clock.now()));
    EXPECT_FALSE(names.contains(longest + 'a', clock.now()));
    EXPECT_EQ(names.size(), 1U);
}

TEST_F(GivenUnknownKeys, AfterClearNoneIsContained) {
    names.add("a", clock.now() + 60s);
    names.clear();

    EXPECT_FALSE(names.contains("a", clock.now()));
    EXPECT_EQ(names.size(), 0U);
    names.add("a", clock.now() + 60s);
    EXPECT_TRUE(names.contains("a", clock.now()));
}

}  // namespace
}  // namespace authjwks
