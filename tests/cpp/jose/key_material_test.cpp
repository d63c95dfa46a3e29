#include "jose/key_material.hpp"

#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <openssl/err.h>
#include <openssl/objects.h>

#include <gtest/gtest.h>

#include "crypto/version.hpp"
#include "support/key_pair.hpp"
#include "support/new_key.hpp"

namespace authjwks {
namespace {

using support::KeyPair;

using support::new_ec_key;
using support::new_key;

Result<KeyMaterial, KeyFault> check(crypto::Pkey pkey) { return KeyMaterial::check(crypto::Key(std::move(pkey))); }

/// OpenSSL itself takes each of these keys, so that refusing them is ours to do; AWS-LC lacks some.
bool is_missing_as_in_aws_lc(const crypto::Pkey& key) {
    if (key) return false;
    EXPECT_TRUE(crypto::library_version().starts_with("AWS-LC"));
    return true;
}

std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
    return bytes;
}

TEST(GivenAnRsaKey, ItIsTakenWithoutACurve) {
    const auto material = KeyMaterial::check(KeyPair::of("RSA").public_key());

    ASSERT_TRUE(material);
    EXPECT_EQ(material->type(), KeyType::rsa);
    EXPECT_EQ(material->curve(), nullptr);
    EXPECT_EQ(material->signature_bytes(), 256U) << "as long as the modulus";
}

TEST(GivenAKeyOnEachCurve, ItIsTakenWithItsRow) {
    for (const Curve& row : kCurves) {
        SCOPED_TRACE(row.name);
        const auto material = KeyMaterial::check(KeyPair::of(row.name).public_key());
        ASSERT_TRUE(material);
        EXPECT_EQ(material->type(), row.key_type);
        EXPECT_EQ(material->curve(), &row);
        EXPECT_EQ(material->signature_bytes(), row.signature_bytes);
    }
}

TEST(GivenACurveThatNoAlgorithmUses, ItIsRefused) {
    ASSERT_TRUE(new_ec_key(NID_secp256k1));
    for (const int curve : {NID_secp256k1, NID_secp224r1, NID_brainpoolP256r1, OBJ_sn2nid("SM2")}) {
        SCOPED_TRACE(curve);
        auto key = new_ec_key(curve);
        if (is_missing_as_in_aws_lc(key)) continue;
        const auto material = check(std::move(key));
        ASSERT_FALSE(material);
        EXPECT_EQ(material.error(), KeyFault::unsupported_crv);
    }
}

/// All parameters of P-256 written out, but with the public key itself as the generator.
constexpr std::string_view kOtherGenerator =
    "3082014b3082010306072a8648ce3d02013081f7020101302c06072a8648ce3d0101022100ffffffff000000010000000000"
    "00000000000000ffffffffffffffffffffffff305b0420ffffffff00000001000000000000000000000000ffffffffffffff"
    "fffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b031500c49d360886e70493"
    "6a6678e1139d26b7819f7e900441046e82f45bb04774249e0fd4814e977bffdc65d6ef0d0e61cdb2c7af1059049259e3fac6"
    "17417bb1929580b835a6f90401a8ff286f8c56ac9bf8b309285eb86a9f022100ffffffff00000000ffffffffffffffffbce6"
    "faada7179e84f3b9cac2fc632551020101034200046e82f45bb04774249e0fd4814e977bffdc65d6ef0d0e61cdb2c7af1059"
    "049259e3fac617417bb1929580b835a6f90401a8ff286f8c56ac9bf8b309285eb86a9f";

// Anybody who may choose the generator can make a private key for any public one (CVE-2020-0601).
TEST(GivenP256WithAnotherGenerator, ItIsRefused) {
    auto key = support::public_key_of(from_hex(kOtherGenerator));
    if (is_missing_as_in_aws_lc(key)) return;
    const auto material = check(std::move(key));

    ASSERT_FALSE(material);
    EXPECT_EQ(material.error(), KeyFault::unsupported_crv);
}

// Under it (r, s) = (x of the generator, digest of the message) verifies for every message.
TEST(GivenTheEcPointAtInfinity, ItIsRefused) {
    auto infinity = support::public_key_of(from_hex("3019301306072a8648ce3d020106082a8648ce3d03010703020000"));
    if (is_missing_as_in_aws_lc(infinity)) return;
    EXPECT_FALSE(check(std::move(infinity)));
}

TEST(GivenAKeyThatCannotCheckSignatures, ItIsRefused) {
    ASSERT_TRUE(new_key(EVP_PKEY_X25519));
    for (const int type : {EVP_PKEY_X25519, NID_X448}) {
        SCOPED_TRACE(type);
        auto key = new_key(type);
        if (is_missing_as_in_aws_lc(key)) continue;
        const auto material = check(std::move(key));
        ASSERT_FALSE(material);
        EXPECT_EQ(material.error(), KeyFault::unsupported_kty);
    }
}

// Such a key brings parameters of its own, which could contradict RFC 7518 §3.5.
TEST(GivenAnRsaKeyForPssOnly, ItIsRefused) {
    const auto material = check(new_key(EVP_PKEY_RSA_PSS));

    ASSERT_FALSE(material);
    EXPECT_EQ(material.error(), KeyFault::unsupported_kty);
}

TEST(GivenAWeakKey, ItIsRefused) {
    const auto rsa = check(support::new_rsa_key(1024));
    ASSERT_FALSE(rsa);
    EXPECT_EQ(rsa.error(), KeyFault::weak_key);

    const std::string identity = '\x01' + std::string(31, '\0');
    const auto okp = KeyMaterial::check(crypto::Key::okp(CurveId::ed25519, identity).value());
    ASSERT_FALSE(okp);
    EXPECT_EQ(okp.error(), KeyFault::weak_key);
}

TEST(GivenAMaterial, ASharedKeyIsTheSameAndOutlivesIt) {
    crypto::Key key = KeyPair::of("Ed25519").public_key();
    const auto* const address = key.handle();

    const crypto::Key shared = [&] { return KeyMaterial::check(std::move(key))->share(); }();

    EXPECT_EQ(shared.handle(), address);
    EXPECT_EQ(shared.kind().curve, CurveId::ed25519);
}

TEST(GivenAnyKey, CheckingItLeavesNoErrorForOpensslsOtherUsers) {
    std::ignore = check(new_key(EVP_PKEY_X25519));
    std::ignore = check(new_ec_key(NID_secp256k1));

    EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace authjwks
