#include "keys/negative_cache.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMost = 1024;

class GivenANegativeCache : public ::testing::Test {
  protected:
    bool contains(std::string_view name, Tick now) const { return names.until(name, now).has_value(); }

    support::FakeClock clock;
    NegativeCache names{256};
};

TEST_F(GivenANegativeCache, ANameIsContainedUntilItsTime) {
    names.add("a", clock.now() + 60s);

    EXPECT_EQ(names.until("a", clock.now()), clock.now() + 60s);
    EXPECT_FALSE(contains("b", clock.now()));
    EXPECT_FALSE(contains("", clock.now()));
    EXPECT_TRUE(contains("a", clock.now() + 60s - Clock::duration(1)));
    EXPECT_FALSE(contains("a", clock.now() + 60s));
}

TEST_F(GivenANegativeCache, AnEmptyNameIsAName) {
    names.add("", clock.now() + 60s);
    EXPECT_TRUE(contains("", clock.now()));
}

TEST_F(GivenANegativeCache, ANameAddedAgainGetsItsNewTime) {
    names.add("a", clock.now() + 60s);
    names.add("a", clock.now() + 10s);

    EXPECT_EQ(names.size(), 1U);
    EXPECT_FALSE(contains("a", clock.now() + 10s));
}

TEST_F(GivenANegativeCache, ItTellsHowOftenANameWasAdded) {
    EXPECT_EQ(names.times("a"), 0U);
    names.add("a", clock.now());
    names.add("b", clock.now());
    names.add("a", clock.now());
    clock.advance(60s);
    EXPECT_EQ(names.times("a"), 2U) << "also after its time";

    names.remove("a");
    names.remove("never added");

    EXPECT_EQ(names.times("a"), 0U);
    EXPECT_EQ(names.times("b"), 1U);
    EXPECT_EQ(names.size(), 1U);
}

TEST_F(GivenANegativeCache, OfTooManyTheOneAddedLongestAgoIsForgotten) {
    const auto name = [](std::size_t number) { return "name " + std::to_string(number); };
    for (std::size_t i = 0; i < kMost; ++i) names.add(name(i), clock.now() + 60s);
    names.add(name(0), clock.now() + 60s);  // no longer the one added longest ago

    names.add("one more", clock.now() + 60s);

    EXPECT_EQ(names.size(), kMost);
    EXPECT_FALSE(contains(name(1), clock.now()));
    for (std::size_t i = 0; i < kMost; ++i) EXPECT_EQ(contains(name(i), clock.now()), i != 1) << i;
    EXPECT_TRUE(contains("one more", clock.now()));
}

TEST_F(GivenANegativeCache, ALongNameIsNotCached) {
    const std::string longest(256, 'a');
    names.add(longest, clock.now() + 60s);
    names.add(longest + 'a', clock.now() + 60s);

    EXPECT_TRUE(contains(longest, clock.now()));
    EXPECT_FALSE(contains(longest + 'a', clock.now()));
    EXPECT_EQ(names.size(), 1U);
}

}  // namespace
}  // namespace authjwks
