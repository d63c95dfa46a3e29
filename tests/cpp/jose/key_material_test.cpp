#include "jose/key_material.hpp"

#include <string>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "support/key_pair.hpp"

namespace authjwks {
namespace {

using support::KeyPair;

ossl::Pkey generate(const char* type) { return ossl::Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, type)); }
ossl::Pkey generate_ec(const char* group) { return ossl::Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group)); }

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
    for (const char* group : {"secp256k1", "secp224r1", "brainpoolP256r1", "SM2"}) {
        SCOPED_TRACE(group);
        auto key = generate_ec(group);
        ASSERT_TRUE(key);
        const auto material = KeyMaterial::check(std::move(key));
        ASSERT_FALSE(material);
        EXPECT_EQ(material.error(), KeyFault::unsupported_crv);
    }
}

TEST(GivenAKeyThatCannotCheckSignatures, ItIsRefused) {
    for (const char* type : {"X25519", "X448"}) {
        SCOPED_TRACE(type);
        const auto material = KeyMaterial::check(generate(type));
        ASSERT_FALSE(material);
        EXPECT_EQ(material.error(), KeyFault::unsupported_kty);
    }
}

// Such a key brings parameters of its own, which could contradict RFC 7518 §3.5.
TEST(GivenAnRsaKeyForPssOnly, ItIsRefused) {
    const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
    EVP_PKEY* pkey = nullptr;
    ASSERT_EQ(EVP_PKEY_keygen_init(ctx.get()), 1);
    ASSERT_EQ(EVP_PKEY_generate(ctx.get(), &pkey), 1);

    const auto material = KeyMaterial::check(ossl::Pkey(pkey));

    ASSERT_FALSE(material);
    EXPECT_EQ(material.error(), KeyFault::unsupported_kty);
}

TEST(GivenAWeakKey, ItIsRefused) {
    const ossl::Pkey small(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}));
    const auto rsa = KeyMaterial::check(ossl::share(small));
    ASSERT_FALSE(rsa);
    EXPECT_EQ(rsa.error(), KeyFault::weak_key);

    const std::string identity = '\x01' + std::string(31, '\0');
    const auto okp = KeyMaterial::check(ossl::Pkey(EVP_PKEY_new_raw_public_key_ex(
        nullptr, "ED25519", nullptr, reinterpret_cast<const unsigned char*>(identity.data()), identity.size())));
    ASSERT_FALSE(okp);
    EXPECT_EQ(okp.error(), KeyFault::weak_key);
}

TEST(GivenAMaterial, ASharedKeyIsTheSameAndOutlivesIt) {
    ossl::Pkey key = KeyPair::of("Ed25519").public_key();
    const EVP_PKEY* const address = key.get();

    const ossl::Pkey shared = [&] { return KeyMaterial::check(std::move(key))->share(); }();

    EXPECT_EQ(shared.get(), address);
    EXPECT_EQ(EVP_PKEY_is_a(shared.get(), "ED25519"), 1);
}

TEST(GivenAnyKey, CheckingItLeavesNoErrorForOpensslsOtherUsers) {
    std::ignore = KeyMaterial::check(generate("X25519"));
    std::ignore = KeyMaterial::check(generate_ec("secp256k1"));

    EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace authjwks
