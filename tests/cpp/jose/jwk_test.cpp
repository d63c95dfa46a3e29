#include "jose/jwk.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/err.h>

#include <gtest/gtest.h>

#include "base/base64url.hpp"
#include "support/key_pair.hpp"
#include "support/to_base64url.hpp"

namespace authjwks {
namespace {

using support::algorithm;
using support::json_text;
using support::KeyPair;
using support::Members;
using support::to_base64url;
using support::to_json;

Result<Jwk, KeyFault> parse(const Members& members) {
    static json::Document document(16);
    return parse_jwk(*document.parse(to_json(members)));
}

std::vector<std::string_view> algorithms_of(const Jwk& jwk) {
    std::vector<std::string_view> names;
    for (const PublicKey& key : jwk.keys) names.push_back(key.algorithm().name);
    return names;
}

std::string decoded(std::string_view quoted_text) {
    return *base64url::decode(quoted_text.substr(1, quoted_text.size() - 2));
}
std::string encoded(std::string_view bytes) { return json_text(to_base64url(bytes)); }

TEST(GivenAKeyWithoutAlg, ItServesEveryAlgorithmItFits) {
    struct Row {
        std::string_view kind;
        std::vector<std::string_view> algorithms;
    };
    std::vector<Row> rows{{"RSA", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}},
                          {"P-256", {"ES256"}},
                          {"P-384", {"ES384"}},
                          {"P-521", {"ES512"}},
                          {"Ed25519", {"EdDSA", "Ed25519"}}};
    if (crypto::kHasEd448) rows.push_back({"Ed448", {"EdDSA", "Ed448"}});
    for (const auto& [kind, expected] : rows) {
        const auto jwk = parse(KeyPair::of(kind).jwk());
        ASSERT_TRUE(jwk) << kind;
        EXPECT_EQ(algorithms_of(*jwk), expected);
    }
}

TEST(GivenAKeyWithAlg, ItServesThatAlgorithmAlone) {
    for (const Algorithm& row : kAlgorithms) {
        const KeyPair& pair = KeyPair::serving(row);
        Members members = pair.jwk();
        members["alg"] = json_text(row.name);
        const auto jwk = parse(members);
        ASSERT_TRUE(jwk) << row.name;
        EXPECT_EQ(algorithms_of(*jwk), std::vector<std::string_view>{row.name});
        EXPECT_TRUE(jwk->keys[0].verifies("m", pair.sign(row, "m"))) << row.name;
    }
}

TEST(GivenAnAlgThatTheKeyDoesNotFit, ItIsSkipped) {
    for (const std::string_view kind : support::kinds_of_keys())
        for (const Algorithm& row : kAlgorithms) {
            if (fits(row, find_curve(kind) != nullptr ? find_curve(kind)->key_type : KeyType::rsa, find_curve(kind)))
                continue;
            Members members = KeyPair::of(kind).jwk();
            members["alg"] = json_text(row.name);
            const auto jwk = parse(members);
            ASSERT_FALSE(jwk) << kind << " for " << row.name;
            EXPECT_EQ(jwk.error(), KeyFault::unsupported_alg);
        }
}

TEST(GivenItsName, TheKeyKeepsIt) {
    const KeyPair& pair = KeyPair::of("P-256");
    EXPECT_EQ(parse(pair.jwk("a key"))->key_id, "a key");
    EXPECT_EQ(parse(pair.jwk(""))->key_id, "") << "empty is not absent";
    EXPECT_EQ(parse(pair.jwk())->key_id, std::nullopt);
}

TEST(GivenMembersThatDecideNothing, TheyAreIgnored) {
    Members members = KeyPair::of("Ed25519").jwk();
    for (const std::string_view name : {"x5c", "x5t", "x5t#S256", "x5u", "ext", "iat", "exp", "nbf", "y", "issuer"})
        members[std::string(name)] = name == "y" ? json_text("none of its business") : "[1]";
    EXPECT_TRUE(parse(members));
}

/// What is done to a good key, and what it is then left out for.
struct Changed {
    std::string_view what;
    std::string_view kind;
    std::function<void(Members&)> change;
    KeyFault fault;
};

void expect_faults(const std::vector<Changed>& rows) {
    for (const auto& [what, kind, change, fault] : rows) {
        SCOPED_TRACE(std::string(kind).append(": ").append(what));
        Members members = KeyPair::of(kind).jwk("a");
        ASSERT_TRUE(parse(members));
        change(members);
        const auto jwk = parse(members);
        ASSERT_FALSE(jwk);
        EXPECT_EQ(name_of(jwk.error()), name_of(fault));
        EXPECT_EQ(ERR_peek_error(), 0U) << "left for OpenSSL's other users";
    }
}

std::function<void(Members&)> set(std::string name, std::string value) {
    return [name = std::move(name), value = std::move(value)](Members& members) { members[name] = value; };
}
std::function<void(Members&)> drop(std::string name) {
    return [name = std::move(name)](Members& members) { members.erase(name); };
}

TEST(GivenATypeThatNoAlgorithmUses, ItIsSkipped) {
    expect_faults({
        {"symmetric", "RSA", set("kty", json_text("oct")), KeyFault::unsupported_kty},
        {"symmetric with its secret", "RSA",
         [](Members& members) {
             members = {{"kty", json_text("oct")}, {"k", json_text("c2VjcmV0")}, {"alg", json_text("HS256")}};
         },
         KeyFault::unsupported_kty},
        {"unknown", "RSA", set("kty", json_text("AKP")), KeyFault::unsupported_kty},
        {"unknown with members of its own", "P-256",
         [](Members& members) { members = {{"kty", json_text("AKP")}, {"x", "[1]"}, {"d", "{}"}}; },
         KeyFault::unsupported_kty},
        {"in lower case", "RSA", set("kty", json_text("rsa")), KeyFault::unsupported_kty},
        {"empty", "RSA", set("kty", json_text("")), KeyFault::unsupported_kty},
        {"missing", "RSA", drop("kty"), KeyFault::unsupported_kty},
    });
}

TEST(GivenACurveThatDisagreesOrIsUnknown, ItIsSkipped) {
    expect_faults({
        {"of another type", "P-256", set("crv", json_text("Ed25519")), KeyFault::unsupported_crv},
        {"of another type", "Ed25519", set("crv", json_text("P-256")), KeyFault::unsupported_crv},
        {"type of another curve", "Ed25519", set("kty", json_text("EC")), KeyFault::unsupported_crv},
        {"type of another curve", "P-256", set("kty", json_text("OKP")), KeyFault::unsupported_crv},
        {"for key agreement", "Ed25519", set("crv", json_text("X25519")), KeyFault::unsupported_crv},
        {"unknown", "P-256", set("crv", json_text("secp256k1")), KeyFault::unsupported_crv},
        {"in lower case", "P-256", set("crv", json_text("p-256")), KeyFault::unsupported_crv},
        {"missing", "P-256", drop("crv"), KeyFault::unsupported_crv},
        {"missing", "Ed25519", drop("crv"), KeyFault::unsupported_crv},
        {"longer than its coordinates", "P-256", set("crv", json_text("P-384")), KeyFault::bad_encoding},
        {"longer than its coordinate", "Ed25519", set("crv", json_text("Ed448")),
         crypto::kHasEd448 ? KeyFault::bad_encoding : KeyFault::unsupported_crv},
    });
}

TEST(GivenAKeyForSomethingElse, ItIsSkipped) {
    expect_faults({
        {"use", "RSA", set("use", json_text("enc")), KeyFault::not_for_signatures},
        {"operations", "RSA", set("key_ops", R"(["encrypt"])"), KeyFault::not_for_signatures},
        {"no operation", "RSA", set("key_ops", "[]"), KeyFault::not_for_signatures},
        {"alg to encrypt", "RSA", set("alg", json_text("RSA-OAEP-256")), KeyFault::unsupported_alg},
        {"alg to agree on keys", "P-256", set("alg", json_text("ECDH-ES")), KeyFault::unsupported_alg},
        {"alg with a secret", "RSA", set("alg", json_text("HS256")), KeyFault::unsupported_alg},
        {"alg none", "RSA", set("alg", json_text("none")), KeyFault::unsupported_alg},
        {"alg in lower case", "RSA", set("alg", json_text("rs256")), KeyFault::unsupported_alg},
        {"empty alg", "RSA", set("alg", json_text("")), KeyFault::unsupported_alg},
    });
}

TEST(GivenAPrivateKey, ItIsSkipped) {
    for (const std::string_view kind : support::kinds_of_keys())
        expect_faults({{"private exponent", kind, set("d", json_text("AQAB")), KeyFault::private_key},
                       {"empty private exponent", kind, set("d", json_text("")), KeyFault::private_key}});
}

TEST(GivenMembersOfTheWrongType, ItIsSkipped) {
    expect_faults({
        {"kid", "RSA", set("kid", "1"), KeyFault::bad_member},
        {"kty", "RSA", set("kty", "1"), KeyFault::bad_member},
        {"use", "RSA", set("use", R"(["sig"])"), KeyFault::bad_member},
        {"key_ops", "RSA", set("key_ops", json_text("verify")), KeyFault::bad_member},
        {"n", "RSA", set("n", "12345"), KeyFault::bad_member},
        {"e", "RSA", set("e", "65537"), KeyFault::bad_member},
        {"x", "P-256", set("x", "{}"), KeyFault::bad_member},
    });
}

TEST(GivenMembersThatAreNullOrOfAnotherKeyType, TheKeyIsUsed) {
    for (const std::string_view kind : {"RSA", "P-256", "Ed25519"}) {
        Members members = KeyPair::of(kind).jwk();
        for (const char* name : {"kid", "use", "alg", "key_ops", "d", "x5c"}) members[name] = "null";
        for (const char* name : {"n", "e", "crv", "x", "y"}) members.try_emplace(name, "5");
        const auto jwk = parse(members);
        ASSERT_TRUE(jwk) << kind;
        EXPECT_EQ(jwk->key_id, std::nullopt);
        EXPECT_EQ(algorithms_of(*jwk), algorithms_of(*parse(KeyPair::of(kind).jwk()))) << kind;
    }
}

TEST(GivenNullWhereTheKeyShouldBe, ItIsSkipped) {
    expect_faults({
        {"kty", "RSA", set("kty", "null"), KeyFault::unsupported_kty},
        {"crv", "P-256", set("crv", "null"), KeyFault::unsupported_crv},
        {"n", "RSA", set("n", "null"), KeyFault::bad_encoding},
        {"e", "RSA", set("e", "null"), KeyFault::bad_encoding},
        {"x", "Ed25519", set("x", "null"), KeyFault::bad_encoding},
        {"y", "P-256", set("y", "null"), KeyFault::bad_encoding},
    });
}

TEST(GivenNumbersThatCannotBeRead, ItIsSkipped) {
    expect_faults({
        {"no n", "RSA", drop("n"), KeyFault::bad_encoding},
        {"no e", "RSA", drop("e"), KeyFault::bad_encoding},
        {"empty n", "RSA", set("n", json_text("")), KeyFault::bad_encoding},
        {"empty e", "RSA", set("e", json_text("")), KeyFault::bad_encoding},
        {"n with a blank", "RSA", set("n", json_text("AQ AB")), KeyFault::bad_encoding},
        {"n with a line break", "RSA", set("n", R"("AQ\nAB")"), KeyFault::bad_encoding},
        {"n with spare bits", "RSA", set("n", json_text("AQABAB")), KeyFault::bad_encoding},
        {"n padded in the middle", "RSA", set("n", json_text("AQ==AQAB")), KeyFault::bad_encoding},
        {"n of an impossible length", "RSA", set("n", json_text("AQABA")), KeyFault::bad_encoding},
        {"no x", "P-256", drop("x"), KeyFault::bad_encoding},
        {"no y", "P-256", drop("y"), KeyFault::bad_encoding},
        {"empty y", "P-256", set("y", json_text("")), KeyFault::bad_encoding},
        {"no x", "Ed25519", drop("x"), KeyFault::bad_encoding},
        {"x of padding alone", "Ed25519", set("x", json_text("====")), KeyFault::bad_encoding},
    });
}

TEST(GivenNumbersInTheStandardAlphabetWithPadding, TheyAreRead) {
    const Algorithm& es256 = algorithm("ES256");
    for (int round = 0; round < 8; ++round) {  // so that some of them have a "+" or a "/"
        const KeyPair pair = KeyPair::generate("P-256");
        Members members = pair.jwk();
        for (const char* name : {"x", "y"}) {
            std::string& number = members[name];
            number.insert(number.size() - 1, "=");
            std::ranges::replace(number, '-', '+');
            std::ranges::replace(number, '_', '/');
        }
        const auto jwk = parse(members);
        ASSERT_TRUE(jwk) << to_json(members);
        EXPECT_TRUE(jwk->keys[0].verifies("m", pair.sign(es256, "m")));
    }
}

TEST(GivenCoordinatesOfTheWrongLength, ItIsSkipped) {
    const auto longer = [](std::string name) {
        return [name](Members& members) { members[name] = encoded('\0' + decoded(members[name])); };
    };
    const auto shorter = [](std::string name) {
        return [name](Members& members) { members[name] = encoded(decoded(members[name]).substr(1)); };
    };
    for (const std::string_view kind : {"P-256", "P-384", "P-521"})
        expect_faults({{"long x", kind, longer("x"), KeyFault::bad_encoding},
                       {"long y", kind, longer("y"), KeyFault::bad_encoding},
                       {"short x", kind, shorter("x"), KeyFault::bad_encoding},
                       {"short y", kind, shorter("y"), KeyFault::bad_encoding},
                       {"all in x", kind,
                        [](Members& members) {
                            members["x"] = encoded(decoded(members["x"]) + decoded(members["y"]));
                            members["y"] = json_text("");
                        },
                        KeyFault::bad_encoding}});
    for (const Curve& curve : kCurves) {
        if (curve.key_type != KeyType::okp) continue;
        const std::string_view kind = curve.name;
        expect_faults({{"long x", kind, longer("x"), KeyFault::bad_encoding},
                       {"short x", kind, shorter("x"), KeyFault::bad_encoding}});
    }
}

TEST(GivenAPointOffTheCurve, ItIsSkipped) {
    for (const std::string_view kind : {"P-256", "P-384", "P-521"}) {
        const std::size_t size = find_curve(kind)->field_bytes;
        expect_faults({
            {"another y", kind,
             [](Members& members) {
                 std::string y = decoded(members["y"]);
                 y.back() = static_cast<char>(y.back() ^ 1);
                 members["y"] = encoded(y);
             },
             KeyFault::invalid_point},
            {"x and y swapped", kind, [](Members& members) { std::swap(members["x"], members["y"]); },
             KeyFault::invalid_point},
            {"zero", kind, [size](Members& members) { members["x"] = members["y"] = encoded(std::string(size, '\0')); },
             KeyFault::invalid_point},
            {"beyond the field", kind, [size](Members& members) { members["x"] = encoded(std::string(size, '\xFF')); },
             KeyFault::invalid_point},
        });
    }
}

TEST(GivenAWeakKey, ItIsSkipped) {
    const auto modulus = [](std::size_t bytes, char first) {
        return encoded(first + std::string(bytes - 2, '\0') + '\x01');
    };
    expect_faults({
        {"1024 bits", "RSA", set("n", modulus(128, '\x80')), KeyFault::weak_key},
        {"2047 bits", "RSA", set("n", modulus(256, '\x40')), KeyFault::weak_key},
        {"8193 bits", "RSA", set("n", modulus(1025, '\x01')), KeyFault::weak_key},
        {"16384 bits", "RSA", set("n", modulus(2048, '\x80')), KeyFault::weak_key},
        {"zero", "RSA", set("n", encoded(std::string(256, '\0'))), KeyFault::weak_key},
        {"even n", "RSA", set("n", encoded(std::string(256, '\xFE'))), KeyFault::weak_key},
        {"e of zero", "RSA", set("e", encoded(std::string(1, '\0'))), KeyFault::weak_key},
        {"e of one", "RSA", set("e", encoded("\x01")), KeyFault::weak_key},
        {"e of two", "RSA", set("e", encoded("\x02")), KeyFault::weak_key},
        {"e of 65 bits", "RSA", set("e", encoded('\x01' + std::string(7, '\0') + '\x01')), KeyFault::weak_key},
        {"e of 16384 bits", "RSA", set("e", modulus(2048, '\x80')), KeyFault::weak_key},
        {"identity", "Ed25519", set("x", encoded('\x01' + std::string(31, '\0'))), KeyFault::weak_key},
        {"not canonical", "Ed25519", set("x", encoded(std::string(32, '\xFF'))), KeyFault::weak_key},
    });
    if (!crypto::kHasEd448) return;
    expect_faults({{"identity", "Ed448", set("x", encoded('\x01' + std::string(56, '\0'))), KeyFault::weak_key},
                   {"not canonical", "Ed448", set("x", encoded(std::string(57, '\xFF'))), KeyFault::weak_key}});
}

TEST(GivenALargeModulus, ItIsTaken) {
    Members members = KeyPair::of("RSA").jwk();
    members["n"] = encoded('\x80' + std::string(1022, '\0') + '\x01');
    EXPECT_TRUE(parse(members)) << "8192 bits";
}

TEST(GivenAModulusWithASignByte, ItIsTaken) {
    const KeyPair& pair = KeyPair::of("RSA");
    Members members = pair.jwk();
    members["n"] = encoded('\0' + decoded(members["n"]));

    const auto jwk = parse(members);

    ASSERT_TRUE(jwk);
    EXPECT_TRUE(jwk->keys[0].verifies("m", pair.sign(jwk->keys[0].algorithm(), "m")));
}

TEST(GivenSomethingElseThanAnObject, ItIsSkipped) {
    json::Document document(16);
    const auto jwk = parse_jwk(*document.parse("[]"));
    ASSERT_FALSE(jwk);
    EXPECT_EQ(jwk.error(), KeyFault::not_an_object);
}

TEST(GivenAMaterial, BindToAllMakesAKeyForEachAlgorithmItServes) {
    const auto material = KeyMaterial::check(KeyPair::of("Ed25519").public_key());
    const auto keys = bind_to_all(*material);

    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0].algorithm().name, "EdDSA");
    EXPECT_EQ(keys[1].algorithm().name, "Ed25519");
}

}  // namespace
}  // namespace authjwks
