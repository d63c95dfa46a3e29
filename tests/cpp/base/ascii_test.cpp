#include "base/ascii.hpp"

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(GivenEveryByte, ToLowerChangesTheAsciiCapitalsAlone) {
    for (int byte = 0; byte < 256; ++byte) {
        const char letter = static_cast<char>(byte);
        const bool capital = letter >= 'A' && letter <= 'Z';
        EXPECT_EQ(to_lower(letter), capital ? letter - 'A' + 'a' : letter) << "byte " << byte;
    }
}

TEST(GivenTextsThatDifferInCase, TheyAreTheSame) {
    EXPECT_TRUE(same_ignoring_case("AT+jwt", "at+JWT"));
    EXPECT_TRUE(same_ignoring_case("", ""));
}

TEST(GivenTextsThatDifferInMore, TheyAreNotTheSame) {
    EXPECT_FALSE(same_ignoring_case("jwt", "jwt "));
    EXPECT_FALSE(same_ignoring_case("jwt", ""));
    EXPECT_FALSE(same_ignoring_case("a@z", "a`z")) << "32 apart, but no letters";
    EXPECT_FALSE(same_ignoring_case("[", "{"));
    EXPECT_FALSE(same_ignoring_case("\xC3\x84", "\xC3\xA4")) << "a letter, but not of ASCII";
}

}  // namespace
}  // namespace authjwks
