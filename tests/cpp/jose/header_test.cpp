#include "jose/header.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/to_base64url.hpp"

namespace authjwks {
namespace {

using support::to_base64url;

std::string header_of(const std::string& alg, const std::string& kid, const std::string& more = "") {
    return to_base64url(R"({"alg":")" + alg + R"(","kid":")" + kid + R"(")" + more + "}");
}

TEST(GivenAHeaderReadBefore, ItIsKnownAgain) {
    HeaderReader reader;
    const std::string text = header_of("RS256", "a"), the_same = text;

    const Header* const first = *reader.read(text);

    EXPECT_EQ(*reader.read(the_same), first);
    EXPECT_EQ(first->key_id, "a");
}

TEST(GivenManyHeadersInTurn, EachSaysWhatItSays) {
    HeaderReader reader;
    for (int round = 0; round < 3; ++round)
        for (int number = 0; number < 100; ++number) {
            const std::string kid = "key-" + std::to_string(number), alg = number % 2 == 0 ? "RS256" : "ES256";
            const auto header = reader.read(header_of(alg, kid));
            ASSERT_TRUE(header);
            ASSERT_EQ((*header)->key_id, kid);
            ASSERT_EQ((*header)->algorithm->name, alg);
            ASSERT_EQ((*header)->type, std::nullopt) << "left over from another";
        }
}

TEST(GivenAHeaderThatWasRefused, ItIsRefusedAgainAndOthersAreRead) {
    HeaderReader reader;
    const std::string bad = header_of("none", "a"), good = header_of("RS256", "a");
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(reader.read(bad).error(), Errc::unsupported_alg);
        EXPECT_EQ((*reader.read(good))->algorithm->name, "RS256");
    }
}

TEST(GivenAVeryLongHeader, ItIsReadAndNotKept) {
    HeaderReader reader;
    const std::string text = header_of("RS256", "long", R"(,"x5c":[")" + std::string(2000, 'A') + R"("])");
    ASSERT_EQ((*reader.read(text))->key_id, "long");
    ASSERT_EQ((*reader.read(header_of("ES256", "short")))->key_id, "short");
    EXPECT_EQ((*reader.read(text))->key_id, "long");
}

TEST(GivenNoHeaderAtAll, ItIsRefused) {
    HeaderReader reader;
    EXPECT_EQ(reader.read("").error(), Errc::bad_header);
    EXPECT_EQ(reader.read("").error(), Errc::bad_header);
}

}  // namespace
}  // namespace authjwks
