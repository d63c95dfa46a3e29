#include "keys/recent_names.hpp"

#include <string>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

constexpr std::size_t kMost = RecentNames<int>::kMaxNames;

std::string name(std::size_t number) { return "name " + std::to_string(number); }

class GivenRecentNames : public ::testing::Test {
  protected:
    /// What is known of a name; 0 if nothing is.
    int known(std::string_view of) const {
        const int* const found = names.find(of);
        return found == nullptr ? 0 : *found;
    }

    RecentNames<int> names{256};
};

TEST_F(GivenRecentNames, WhatIsKnownOfANameIsFound) {
    EXPECT_EQ(names.find("a"), nullptr);

    *names.use("a", 1) += 1;
    names.use("", 3);

    EXPECT_EQ(known("a"), 2);
    EXPECT_EQ(known(""), 3) << "an empty name is a name";
    EXPECT_EQ(known("A"), 0);
    EXPECT_EQ(names.size(), 2U);
}

TEST_F(GivenRecentNames, ANameUsedAgainKeepsWhatIsKnownOfIt) {
    names.use("a", 1);
    EXPECT_EQ(*names.use("a", 2), 1);
    EXPECT_EQ(names.size(), 1U);
}

TEST_F(GivenRecentNames, TheNameIsCopied) {
    std::string text = "a name that is not small enough to be kept in place";
    names.use(text, 1);
    text.assign(text.size(), 'x');
    EXPECT_EQ(known("a name that is not small enough to be kept in place"), 1);
}

// Strangers choose the names: they must not take more memory than this.
TEST_F(GivenRecentNames, OfTooManyTheLeastRecentlyUsedIsDropped) {
    for (std::size_t i = 0; i < kMost; ++i) names.use(name(i), 1);
    names.use(name(0), 1);
    EXPECT_NE(names.find(name(1)), nullptr) << "a look is no use";

    names.use("one more", 1);

    EXPECT_EQ(names.size(), kMost);
    EXPECT_EQ(kMost, 1024U);
    for (std::size_t i = 0; i < kMost; ++i) EXPECT_EQ(known(name(i)), i == 1 ? 0 : 1) << i;
    EXPECT_EQ(known("one more"), 1);

    for (std::size_t i = 0; i < 10 * kMost; ++i) names.use("flood " + name(i), 2);
    EXPECT_EQ(names.size(), kMost);
}

TEST_F(GivenRecentNames, ATooLongNameIsNotKept) {
    const std::string longest(256, 'a');
    EXPECT_NE(names.use(longest, 1), nullptr);
    EXPECT_EQ(names.use(longest + 'a', 1), nullptr);

    EXPECT_EQ(known(longest), 1);
    EXPECT_EQ(known(longest + 'a'), 0);
    EXPECT_EQ(names.size(), 1U);
}

TEST_F(GivenRecentNames, ARemovedNameIsNotFound) {
    names.use("a", 1);
    names.use("b", 2);

    names.remove("a");
    names.remove("never used");

    EXPECT_EQ(known("a"), 0);
    EXPECT_EQ(known("b"), 2);
    EXPECT_EQ(names.size(), 1U);
    EXPECT_EQ(*names.use("a", 3), 3);
}

}  // namespace
}  // namespace authjwks
