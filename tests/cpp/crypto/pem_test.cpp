#include "crypto/pem.hpp"

#include <gtest/gtest.h>

#include "support/key_pair.hpp"

namespace authjwks::crypto {
namespace {

using support::KeyPair;

TEST(GivenKeysInPem, TheyComeOneAfterAnother) {
    const std::string text = "words\n" + KeyPair::of("P-256").public_pem() + KeyPair::of("Ed25519").public_pem();
    PemKeys keys(text);

    EXPECT_EQ(keys.next()->key->kind().curve, CurveId::p256);
    EXPECT_EQ(keys.next()->key->kind().curve, CurveId::ed25519);
    EXPECT_FALSE(keys.next());
    EXPECT_FALSE(keys.next());
}

// The object identifier is that of ML-DSA-44 (RFC 9881), without what belongs to it.
TEST(GivenAKindOfKeyThatTheLibraryDoesNotKnow, ItHasABlockOfItsOwn) {
    const std::string text = "-----BEGIN PUBLIC KEY-----\nMBEwCwYJYIZIAWUDBAMRAwIAAA==\n-----END PUBLIC KEY-----\n" +
                             KeyPair::of("Ed25519").public_pem();
    PemKeys keys(text);

    const auto unknown = keys.next();
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(unknown->key);
    EXPECT_EQ(keys.next()->key->kind().curve, CurveId::ed25519);
    EXPECT_FALSE(keys.next());
}

TEST(GivenAnythingElse, ThereIsNoKey) {
    const std::string secret = KeyPair::of("Ed25519").private_pem();
    for (const std::string_view text : {std::string_view(), std::string_view("words"), std::string_view(secret)})
        EXPECT_FALSE(PemKeys(text).next()) << text;
}

}  // namespace
}  // namespace authjwks::crypto
