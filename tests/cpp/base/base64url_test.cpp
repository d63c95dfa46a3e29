#include "base/base64url.hpp"

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "support/to_base64url.hpp"

namespace authjwks {
namespace {

using support::to_base64url;

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

TEST(GivenTheVectorsOfTheRfc, DecodeReadsThem) {
    EXPECT_EQ(base64url::decode(""), "");
    EXPECT_EQ(base64url::decode("Zg"), "f");
    EXPECT_EQ(base64url::decode("Zm8"), "fo");
    EXPECT_EQ(base64url::decode("Zm9v"), "foo");
    EXPECT_EQ(base64url::decode("Zm9vYg"), "foob");
    EXPECT_EQ(base64url::decode("Zm9vYmE"), "fooba");
    EXPECT_EQ(base64url::decode("Zm9vYmFy"), "foobar");
    EXPECT_EQ(base64url::decode("-_-_"), "\xFB\xFF\xBF");
}

TEST(GivenTextOfAnyLength, DecodeYieldsTheWholeBytesInItOrRefuses) {
    for (std::size_t size = 0; size <= 64; ++size) {
        const auto bytes = base64url::decode(std::string(size, 'A'));
        EXPECT_EQ(bytes, size % 4 == 1 ? std::nullopt : std::optional(std::string(size * 6 / 8, '\0'))) << size;
    }
}

TEST(GivenEveryByteAtEveryPlaceOfAGroup, DecodeUndoesEncoding) {
    for (std::size_t size = 1; size <= 6; ++size)
        for (std::size_t place = 0; place < size; ++place)
            for (int byte = 0; byte < 256; ++byte) {
                std::string bytes(size, '\x5A');
                bytes[place] = static_cast<char>(byte);
                ASSERT_EQ(base64url::decode(to_base64url(bytes)), bytes) << "byte " << byte << " at " << place;
            }
}

TEST(GivenBytesOfEveryLength, DecodeUndoesEncoding) {
    std::minstd_rand random;
    std::string bytes;
    for (std::size_t size = 0; size <= 300; ++size, bytes += static_cast<char>(random()))
        ASSERT_EQ(base64url::decode(to_base64url(bytes)), bytes) << size;
}

TEST(GivenALongTextWithAnyByteAtAnyPlace, DecodeTakesJustTheAlphabet) {
    const std::string text = to_base64url(std::string(150, '\x9C'));
    for (std::size_t place = 0; place < text.size(); ++place)
        for (int byte = 0; byte < 256; ++byte) {
            std::string changed = text;
            changed[place] = static_cast<char>(byte);
            const auto bytes = base64url::decode(changed);
            const bool is_of_the_alphabet = kAlphabet.find(static_cast<char>(byte)) != kAlphabet.npos;
            ASSERT_EQ(bytes.has_value(), is_of_the_alphabet) << "byte " << byte << " at " << place;
            if (bytes) {
                ASSERT_EQ(to_base64url(*bytes), changed);
            }
        }
}

TEST(GivenEveryShortText, WhatIsAcceptedIsTheOnlyTextOfItsBytes) {
    std::size_t accepted = 0;
    for (const char first : kAlphabet)
        for (const char second : kAlphabet) {
            const std::string two{first, second};
            if (const auto bytes = base64url::decode(two)) {
                ++accepted;
                ASSERT_EQ(to_base64url(*bytes), two);
            }
            for (const char third : kAlphabet) {
                const std::string three{first, second, third};
                if (const auto bytes = base64url::decode(three)) {
                    ++accepted;
                    ASSERT_EQ(to_base64url(*bytes), three);
                }
            }
        }
    EXPECT_EQ(accepted, 256U + 65536U) << "each string of one or two bytes has its text";
}

TEST(GivenSpareBitsThatAreNotZero, DecodeRefuses) {
    for (const std::string_view text : {"QR", "QUJ", "AAAAQR", "AAAAQUJ", "_-", "__-"})
        EXPECT_FALSE(base64url::decode(text)) << text;
}

TEST(GivenAByteOutsideTheAlphabet, DecodeRefusesItAtEveryPlace) {
    for (int byte = 0; byte < 256; ++byte) {
        const char letter = static_cast<char>(byte);
        if (kAlphabet.find(letter) != std::string_view::npos) continue;
        for (const std::size_t size : {2U, 3U, 4U, 6U, 7U, 8U})
            for (std::size_t place = 0; place < size; ++place) {
                std::string text(size, 'A');
                text[place] = letter;
                ASSERT_FALSE(base64url::decode(text)) << "byte " << byte << " at " << place << " of " << size;
            }
    }
}

TEST(GivenPadding, DecodeRefuses) {
    for (const std::string_view text : {"=", "==", "QQ=", "QQ==", "QUI=", "QUJD=", "QUJD====", "QQ%3D%3D"})
        EXPECT_FALSE(base64url::decode(text)) << text;
}

TEST(GivenTheStandardAlphabet, DecodeRefusesWhatIsOnlyThere) {
    EXPECT_FALSE(base64url::decode("+/+/"));
    EXPECT_FALSE(base64url::decode("-/-_"));
    EXPECT_FALSE(base64url::decode("+-__"));
}

TEST(GivenBlanksAndLineBreaks, DecodeRefuses) {
    for (const std::string_view text : {" QUJD", "QUJD ", "QU JD", "QUJD\n", "QUJD\r\n", "QU\tJD", "    "})
        EXPECT_FALSE(base64url::decode(text)) << text;
}

// The sanitizer watches the bytes behind the room.
TEST(GivenRoomOfTheBound, DecodeStaysWithinIt) {
    for (std::size_t size = 0; size <= 40; ++size) {
        const auto room = std::make_unique<char[]>(base64url::decoded_bound(size));
        const auto used = base64url::decode(std::string(size, 'A'), room.get());
        EXPECT_EQ(used, size % 4 == 1 ? std::nullopt : std::optional(size * 6 / 8));
    }
}

TEST(GivenTextInsideALongerText, DecodeReadsOnlyItsPart) {
    const std::string_view text = "Zm9v!!!!";
    std::array<char, base64url::decoded_bound(4)> room{};

    ASSERT_EQ(base64url::decode(text.substr(0, 4), room.data()), 3U);

    EXPECT_EQ(std::string_view(room.data(), 3), "foo");
}

}  // namespace
}  // namespace authjwks
