#include "crypto/signature_check.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/serial.hpp"
#include "support/key_pair.hpp"

namespace authjwks::crypto {
namespace {

using support::KeyPair;

constexpr std::string_view kMessage = "eyJhbGciOiJ4In0.eyJzdWIiOiJhIn0";

/// A key of an algorithm, whose signatures this process has not checked yet.
struct Checked {
    explicit Checked(const Algorithm& algorithm) : row(algorithm) {}

    bool accepts(std::string_view message, std::string_view bytes) const {
        return is_signed_by(key, id, row.family, row.digest, message, bytes);
    }

    const Algorithm& row;
    const KeyPair& pair = KeyPair::serving(row);
    Key key = pair.public_key();
    std::uint64_t id = next_serial();
    std::string signature = pair.sign(row, kMessage);
};

TEST(GivenAKeyOfEachAlgorithm, ItsSignatureIsAcceptedAgainAndAgain) {
    for (const Algorithm& row : kAlgorithms) {
        const Checked checked(row);
        for (int round = 0; round < 3; ++round) EXPECT_TRUE(checked.accepts(kMessage, checked.signature)) << row.name;
    }
}

// The same contexts serve on after a refusal, also where they keep away from the fork-safe section by then.
TEST(GivenARefusalBetweenTwoSignatures, NeitherChangesTheOther) {
    for (const Algorithm& row : kAlgorithms) {
        const Checked checked(row);
        for (int round = 0; round < 3; ++round) {
            EXPECT_FALSE(checked.accepts("another message", checked.signature)) << row.name;
            EXPECT_FALSE(checked.accepts(kMessage, std::string(checked.signature.size(), '\xFF'))) << row.name;
            EXPECT_FALSE(checked.accepts(kMessage, std::string(checked.signature.size(), '\0'))) << row.name;
            EXPECT_TRUE(checked.accepts(kMessage, checked.signature)) << row.name;
        }
    }
}

// 64 keys to a thread: the contexts of one make room for those of another.
TEST(GivenMoreKeysThanAThreadKeeps, EachIsStillCheckedByItsOwn) {
    const Algorithm& row = **find_algorithm("EdDSA");
    std::vector<Checked> all;
    for (int i = 0; i < 130; ++i) all.emplace_back(row);
    const KeyPair stranger = KeyPair::generate("Ed25519");
    const std::string foreign = stranger.sign(row, kMessage);

    for (int round = 0; round < 2; ++round)
        for (const Checked& each : all) {
            EXPECT_TRUE(each.accepts(kMessage, each.signature));
            EXPECT_FALSE(each.accepts(kMessage, foreign));
        }
}

}  // namespace
}  // namespace authjwks::crypto
