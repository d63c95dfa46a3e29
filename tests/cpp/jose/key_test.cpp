#include "jose/key.hpp"

#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include <openssl/err.h>

#include <gtest/gtest.h>

#include "support/key_pair.hpp"
#include "support/signature_numbers.hpp"

namespace authjwks {
namespace {

using support::algorithm;
using support::KeyPair;

constexpr std::string_view kMessage = "eyJhbGciOiJ4In0.eyJzdWIiOiJhIn0";
const std::vector<std::string_view> kKinds = support::kinds_of_keys();

KeyMaterial material_of(const KeyPair& pair) { return *KeyMaterial::check(pair.public_key()); }

std::string flipped(std::string bytes, std::size_t bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    return bytes;
}

/// One run for each row of kAlgorithms, by its position.
class GivenAKeyBoundTo : public ::testing::TestWithParam<std::size_t> {
  protected:
    const Algorithm& row = kAlgorithms[GetParam()];
    const KeyPair& pair = KeyPair::serving(row);
    const PublicKey key = *PublicKey::bind(material_of(pair), row);
    const std::string signature = pair.sign(row, kMessage);
};

TEST_P(GivenAKeyBoundTo, ItVerifiesItsOwnSignature) {
    EXPECT_TRUE(key.verifies(kMessage, signature));
    EXPECT_TRUE(key.verifies(kMessage, signature)) << "and again";
    EXPECT_EQ(&key.algorithm(), &row);
}

TEST_P(GivenAKeyBoundTo, ItVerifiesAnEmptyMessage) { EXPECT_TRUE(key.verifies("", pair.sign(row, ""))); }

TEST_P(GivenAKeyBoundTo, ItRefusesAnotherMessage) {
    EXPECT_FALSE(key.verifies("", signature));
    EXPECT_FALSE(key.verifies(kMessage.substr(1), signature));
    EXPECT_FALSE(key.verifies(std::string(kMessage) + '\0', signature));
}

TEST_P(GivenAKeyBoundTo, ItRefusesASignatureWithAnyBitFlipped) {
    const std::size_t bits = signature.size() * 8;
    for (const std::size_t bit :
         {std::size_t{0}, std::size_t{7}, bits / 4, bits / 2 - 1, bits / 2, bits / 2 + 7, bits - 8, bits - 1})
        EXPECT_FALSE(key.verifies(kMessage, flipped(signature, bit))) << "bit " << bit << " of " << bits;
}

TEST_P(GivenAKeyBoundTo, ItRefusesASignatureOfAnotherLength) {
    EXPECT_FALSE(key.verifies(kMessage, ""));
    EXPECT_FALSE(key.verifies(kMessage, signature.substr(1)));
    EXPECT_FALSE(key.verifies(kMessage, signature.substr(0, signature.size() - 1)));
    EXPECT_FALSE(key.verifies(kMessage, signature + '\0'));
    EXPECT_FALSE(key.verifies(kMessage, '\0' + signature));
    EXPECT_FALSE(key.verifies(kMessage, signature + signature));
}

TEST_P(GivenAKeyBoundTo, ItRefusesASignatureOfOneByteOnly) {
    EXPECT_FALSE(key.verifies(kMessage, std::string(signature.size(), '\0')));
    EXPECT_FALSE(key.verifies(kMessage, std::string(signature.size(), '\x01')));
    EXPECT_FALSE(key.verifies(kMessage, std::string(signature.size(), '\xFF')));
}

TEST_P(GivenAKeyBoundTo, ItRefusesTheSignatureOfAnotherKey) {
    const KeyPair other = KeyPair::generate(pair.kind());
    EXPECT_FALSE(key.verifies(kMessage, other.sign(row, kMessage)));
}

TEST_P(GivenAKeyBoundTo, ItRefusesWhatTheSameKeySignedByAnotherAlgorithm) {
    for (const Algorithm& other : kAlgorithms) {
        if (&KeyPair::serving(other) != &pair || other.family == Family::eddsa || &other == &row) continue;
        EXPECT_FALSE(key.verifies(kMessage, pair.sign(other, kMessage))) << other.name;
    }
}

TEST_P(GivenAKeyBoundTo, ItLeavesNoErrorForOpensslsOtherUsers) {
    std::ignore = key.verifies(kMessage, std::string(signature.size(), '\xFF'));

    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_P(GivenAKeyBoundTo, ManyThreadsMayUseItAtOnce) {
    std::array<bool, 4> verified{};
    {
        std::vector<std::jthread> threads;
        for (bool& each : verified) threads.emplace_back([&] { each = key.verifies(kMessage, signature); });
    }
    for (const bool each : verified) EXPECT_TRUE(each);
}

INSTANTIATE_TEST_SUITE_P(, GivenAKeyBoundTo, ::testing::Range(std::size_t{0}, kAlgorithms.size()),
                         [](const auto& run) { return std::string(kAlgorithms[run.param].name); });

TEST(GivenEveryKindOfKeyAndEveryAlgorithm, BindTakesJustThePairsThatAgree) {
    for (const std::string_view kind : kKinds) {
        const KeyMaterial material = material_of(KeyPair::of(kind));
        for (const Algorithm& row : kAlgorithms) {
            SCOPED_TRACE(std::string(kind).append(" for ").append(row.name));
            const bool agree = (kind == "RSA" && row.key_type == KeyType::rsa) ||
                               (kind == "P-256" && row.name == "ES256") || (kind == "P-384" && row.name == "ES384") ||
                               (kind == "P-521" && row.name == "ES512") || (kind == row.name) ||
                               (kind.starts_with("Ed") && row.name == "EdDSA");
            const auto key = PublicKey::bind(material, row);
            ASSERT_EQ(static_cast<bool>(key), agree);
            if (!agree) {
                EXPECT_EQ(key.error(), KeyFault::unsupported_alg);
            }
        }
    }
}

TEST(GivenTwoKeys, TheyAreTheSameOnlyWithOneNumberAndOneAlgorithm) {
    for (const Algorithm& row : kAlgorithms) {
        const KeyPair& pair = KeyPair::serving(row);
        const PublicKey key = *PublicKey::bind(material_of(pair), row);
        EXPECT_TRUE(key.is_same_as(key)) << row.name;
        EXPECT_TRUE(key.is_same_as(*PublicKey::bind(material_of(pair), row))) << row.name << " read again";
        const KeyPair other = KeyPair::generate(pair.kind());
        EXPECT_FALSE(key.is_same_as(*PublicKey::bind(material_of(other), row))) << row.name;
        for (const Algorithm& other_row : kAlgorithms) {
            const auto bound = PublicKey::bind(material_of(pair), other_row);
            EXPECT_EQ(bound && key.is_same_as(*bound), &row == &other_row) << row.name << ' ' << other_row.name;
        }
    }
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(GivenMoreKeysThanCachedContexts, EachVerifiesOnlyItsOwn) {
    const Algorithm& es256 = algorithm("ES256");
    const KeyPair other = KeyPair::generate("P-256");
    const KeyPair& pair = KeyPair::of("P-256");
    std::vector<PublicKey> keys;
    for (int count = 0; count < 200; ++count)
        keys.push_back(*PublicKey::bind(material_of(count % 3 == 0 ? other : pair), es256));
    const std::string signature = pair.sign(es256, kMessage);

    for (int round = 0; round < 2; ++round)
        for (std::size_t index = 0; index < keys.size(); ++index)
            EXPECT_EQ(keys[index].verifies(kMessage, signature), index % 3 != 0) << index;
}

TEST(GivenAKeyThatIsGone, ItsContextServesNoOther) {
    const Algorithm& rs256 = algorithm("RS256");
    const KeyPair& pair = KeyPair::of("RSA");
    const KeyPair other = KeyPair::generate("RSA");
    const std::string signature = pair.sign(rs256, kMessage);
    for (int round = 0; round < 200; ++round) {
        EXPECT_TRUE(PublicKey::bind(material_of(pair), rs256)->verifies(kMessage, signature));
        EXPECT_FALSE(PublicKey::bind(material_of(other), rs256)->verifies(kMessage, signature));
    }
}

TEST(GivenOneMaterial, EachKeyBoundToItOutlivesIt) {
    const KeyPair& pair = KeyPair::of("P-256");
    const Algorithm& es256 = algorithm("ES256");
    const PublicKey key = [&] { return *PublicKey::bind(material_of(pair), es256); }();

    EXPECT_TRUE(key.verifies(kMessage, pair.sign(es256, kMessage)));
}

TEST(GivenAnEd448KeyBoundToEdDSA, ItVerifies) {
    if (!crypto::kHasEd448) GTEST_SKIP() << "the cryptographic library of this build has no Ed448";
    const KeyPair& pair = KeyPair::of("Ed448");
    const Algorithm& eddsa = algorithm("EdDSA");
    const auto key = PublicKey::bind(material_of(pair), eddsa);

    ASSERT_TRUE(key);
    EXPECT_TRUE(key->verifies(kMessage, pair.sign(eddsa, kMessage)));
    EXPECT_FALSE(key->verifies(kMessage, KeyPair::of("Ed25519").sign(eddsa, kMessage)));
}

class GivenAPssKey : public ::testing::TestWithParam<std::string_view> {};

TEST_P(GivenAPssKey, ItRefusesASaltOfAnotherLengthThanTheDigest) {
    const KeyPair& pair = KeyPair::of("RSA");
    const Algorithm& row = algorithm(GetParam());
    const auto key = PublicKey::bind(material_of(pair), row);
    ASSERT_TRUE(key);
    const int digest_size = std::stoi(std::string(row.name.substr(2))) / 8;

    for (const int salt :
         {0, 20, digest_size - 1, digest_size + 1, RSA_PSS_SALTLEN_AUTO})  // AUTO signs with the longest that fits
        EXPECT_FALSE(key->verifies(kMessage, pair.sign(row, kMessage, salt))) << salt;
    EXPECT_TRUE(key->verifies(kMessage, pair.sign(row, kMessage, digest_size)));
}

INSTANTIATE_TEST_SUITE_P(, GivenAPssKey, ::testing::Values("PS256", "PS384", "PS512"),
                         [](const auto& run) { return std::string(run.param); });

class GivenAnEcKey : public ::testing::TestWithParam<std::string_view> {
  protected:
    const KeyPair& pair = KeyPair::of(GetParam());
    const Curve& curve = *find_curve(GetParam());
    const Algorithm& row = algorithm(GetParam() == "P-256" ? "ES256" : GetParam() == "P-384" ? "ES384" : "ES512");
    const PublicKey key = *PublicKey::bind(material_of(pair), row);
};

TEST_P(GivenAnEcKey, ItRefusesDer) {
    const std::string der = pair.sign_natively(row, kMessage);
    EXPECT_FALSE(key.verifies(kMessage, der));
    EXPECT_FALSE(key.verifies(kMessage, der.substr(0, curve.signature_bytes))) << "cut to the right length";
}

TEST_P(GivenAnEcKey, ItRefusesNumbersOutsideOneToTheOrder) {
    const crypto::Bignum order = support::order_of(pair.kind());
    const std::size_t size = curve.field_bytes;
    const std::string signature = pair.sign(row, kMessage);
    const std::string r = signature.substr(0, size), s = signature.substr(size), zero(size, '\0'),
                      n = support::big_endian(*order, size), most(size, '\xFF');

    for (const std::string& bad : {zero + zero, zero + s, r + zero, n + s, r + n, n + n, most + s, r + most, n + zero})
        EXPECT_FALSE(key.verifies(kMessage, bad));
}

TEST_P(GivenAnEcKey, ItRefusesTheHalvesSwapped) {
    const std::string signature = pair.sign(row, kMessage);
    EXPECT_FALSE(key.verifies(kMessage, signature.substr(curve.field_bytes) + signature.substr(0, curve.field_bytes)));
}

// Where DER and the raw form differ in length.
TEST_P(GivenAnEcKey, ItVerifiesASignatureWithLeadingZeros) {
    for (int round = 0; round < 5000; ++round) {
        const std::string message = "m" + std::to_string(round), signature = pair.sign(row, message);
        if (signature[0] != 0 && signature[curve.field_bytes] != 0) continue;
        EXPECT_TRUE(key.verifies(message, signature));
        return;
    }
    FAIL() << "no such signature was made";
}

INSTANTIATE_TEST_SUITE_P(, GivenAnEcKey, ::testing::Values("P-256", "P-384", "P-521"), [](const auto& run) {
    return std::string(run.param.substr(0, 1)).append(run.param.substr(2));
});

}  // namespace
}  // namespace authjwks
