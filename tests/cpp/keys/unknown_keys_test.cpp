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
    UnknownKeys keys;
};

TEST_F(GivenUnknownKeys, AMissingKeyIsMissingUntilItsTime) {
    keys.add_missing("a", clock.now() + 10s);

    EXPECT_TRUE(keys.is_missing("a", clock.now()));
    EXPECT_FALSE(keys.is_missing("b", clock.now()));
    EXPECT_FALSE(keys.is_missing("a", clock.now() + 10s));
}

TEST_F(GivenUnknownKeys, ATokenWithoutAKeyIdIsNeverCached) {
    keys.add_missing(std::nullopt, clock.now() + 10s);
    EXPECT_FALSE(keys.is_missing(std::nullopt, clock.now()));
    EXPECT_FALSE(keys.is_missing("", clock.now()));
}

TEST_F(GivenUnknownKeys, ALongKeyIdIsNotCached) {
    const std::string long_id(257, 'a');
    keys.add_missing(long_id, clock.now() + 10s);
    EXPECT_FALSE(keys.is_missing(long_id, clock.now()));
}

TEST_F(GivenUnknownKeys, AnotherKeySetClearsThem) {
    keys.add_missing("a", clock.now() + 10s);
    keys.clear();
    EXPECT_FALSE(keys.is_missing("a", clock.now()));
}

TEST_F(GivenUnknownKeys, ThrottlingIsAnnouncedOnceForEachFetch) {
    EXPECT_TRUE(keys.throttle());
    EXPECT_FALSE(keys.throttle());
    keys.fetch_started();
    EXPECT_TRUE(keys.throttle());
    EXPECT_EQ(keys.throttled(), 3);
}

}  // namespace
}  // namespace authjwks
