#include "crypto/key.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/objects.h>

#include <gtest/gtest.h>

#include "support/new_key.hpp"

namespace authjwks::crypto {
namespace {

const std::string kModulus = '\x80' + std::string(254, '\0') + '\x01';  // 2048 bits
constexpr std::string_view kExponent("\x01\x00\x01", 3);

Key public_half(const Pkey& pkey) { return Key(support::public_key_of(support::public_der(pkey.get()))); }

/// The coordinates of a new key on P-256.
std::pair<std::string, std::string> point_on_p256() {
    const std::string der = support::public_der(support::new_ec_key(NID_X9_62_prime256v1).get());
    return {der.substr(der.size() - 64, 32), der.substr(der.size() - 32)};
}

TEST(GivenRsaNumbers, TheKeyHasThem) {
    const auto key = Key::rsa('\0' + kModulus, kExponent);

    ASSERT_TRUE(key);
    EXPECT_EQ(key->kind().type, KeyType::rsa);
    EXPECT_EQ(key->signature_bytes(), 256U);
    const auto numbers = key->rsa_numbers();
    ASSERT_TRUE(numbers);
    EXPECT_EQ(numbers->modulus, kModulus) << "without leading zeros";
    EXPECT_EQ(numbers->exponent, 65537U);
}

TEST(GivenAnRsaExponentOf64Bits, TheKeyIsMade) {
    const auto key = Key::rsa(kModulus, std::string(8, '\xFF'));

    ASSERT_TRUE(key) << "AWS-LC's usual function takes 33 bits";
    EXPECT_EQ(key->rsa_numbers()->exponent, 0xFFFF'FFFF'FFFF'FFFF);
}

TEST(GivenAnRsaExponentBeyond64Bits, TheKeyHasNoNumbers) {
    const auto key = Key::rsa(kModulus, '\x01' + std::string(7, '\0') + '\x01');

    EXPECT_FALSE(key && key->rsa_numbers());
}

TEST(GivenEcCoordinates, TheKeyIsOnItsCurve) {
    const auto [x, y] = point_on_p256();
    const auto key = Key::ec(CurveId::p256, x, y);

    ASSERT_TRUE(key);
    EXPECT_EQ(key->kind().type, KeyType::ec);
    EXPECT_EQ(key->kind().curve, CurveId::p256);
    EXPECT_FALSE(key->is_at_infinity());
    EXPECT_FALSE(key->rsa_numbers());
    EXPECT_FALSE(key->okp_bytes());
}

TEST(GivenEcCoordinatesOffTheCurve, ThereIsNoKey) {
    const auto [x, y] = point_on_p256();
    EXPECT_FALSE(Key::ec(CurveId::p256, y, x));
    EXPECT_FALSE(Key::ec(CurveId::p256, x, std::string(32, '\0')));
    EXPECT_FALSE(Key::ec(CurveId::p384, x, y));
    EXPECT_FALSE(Key::ec(CurveId::p256, "", ""));
}

TEST(GivenOkpBytes, TheKeyHasThem) {
    const std::string der = support::public_der(support::new_key(EVP_PKEY_ED25519).get());
    const std::string bytes = der.substr(der.size() - 32);
    const auto key = Key::okp(CurveId::ed25519, bytes);

    ASSERT_TRUE(key);
    EXPECT_EQ(key->kind().type, KeyType::okp);
    EXPECT_EQ(key->kind().curve, CurveId::ed25519);
    EXPECT_EQ(key->okp_bytes(), bytes);
    EXPECT_FALSE(Key::okp(CurveId::ed25519, bytes.substr(1)));
}

TEST(GivenEd448Bytes, ThereIsAKeyWhereTheLibraryHasIt) {
    EXPECT_EQ(Key::okp(CurveId::ed448, std::string(57, '\x05')).has_value(), kHasEd448);
}

TEST(GivenKeysThatNoAlgorithmUses, TheirKindSaysSo) {
    const KeyKind coin = public_half(support::new_ec_key(NID_secp256k1)).kind();
    EXPECT_EQ(coin.type, KeyType::ec);
    EXPECT_EQ(coin.curve, CurveId::none);
    EXPECT_EQ(public_half(support::new_key(EVP_PKEY_X25519)).kind().type, KeyType::other);
}

TEST(GivenTwoKeys, TheyAreTheSameIfTheirNumbersAre) {
    const auto [x, y] = point_on_p256();
    const auto one = Key::ec(CurveId::p256, x, y), again = Key::ec(CurveId::p256, x, y);
    const Key other = public_half(support::new_ec_key(NID_X9_62_prime256v1));
    const Key edwards = public_half(support::new_key(EVP_PKEY_ED25519));

    EXPECT_TRUE(one->is_same_as(*again));
    EXPECT_TRUE(one->is_same_as(one->share()));
    EXPECT_FALSE(one->is_same_as(other));
    EXPECT_FALSE(one->is_same_as(edwards));
}

TEST(GivenASharedKey, ItOutlivesItsFirstOwner) {
    auto first = std::make_unique<Key>(public_half(support::new_key(EVP_PKEY_ED25519)));
    const auto* const handle = first->handle();

    const Key second = first->share();
    first.reset();

    EXPECT_EQ(second.handle(), handle) << "a copy was made";
    EXPECT_EQ(second.kind().curve, CurveId::ed25519);
}

}  // namespace
}  // namespace authjwks::crypto
