#include "jose/jwk_members.hpp"

#include <string_view>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

Result<JwkMembers, KeyFault> read(json::Document& document, std::string_view text) {
    return JwkMembers::read(*document.parse(text));
}

Result<JwkMembers, KeyFault> read(std::string_view text) {
    static json::Document document(16);
    return read(document, text);
}

TEST(GivenEveryMemberThatDecides, EachIsReadUnderItsName) {
    const auto members = read(R"({"kty":"1","kid":"2","use":"3","alg":"4","crv":"5","n":"6","e":"7","x":"8","y":"9",
                                  "d":"10","x5c":["x"],"x5t":"t","ext":true,"exp":1})");

    ASSERT_TRUE(members);
    EXPECT_EQ((*members)[JwkMembers::kty], "1");
    EXPECT_EQ((*members)[JwkMembers::kid], "2");
    EXPECT_EQ((*members)[JwkMembers::use], "3");
    EXPECT_EQ((*members)[JwkMembers::alg], "4");
    EXPECT_EQ((*members)[JwkMembers::crv], "5");
    EXPECT_EQ((*members)[JwkMembers::n], "6");
    EXPECT_EQ((*members)[JwkMembers::e], "7");
    EXPECT_EQ((*members)[JwkMembers::x], "8");
    EXPECT_EQ((*members)[JwkMembers::y], "9");
    EXPECT_EQ((*members)[JwkMembers::d], "10");
}

TEST(GivenMembersThatAreAbsent, TheyAreNothing) {
    const auto members = read(R"({"KTY":"RSA","kid ":"a"})");

    ASSERT_TRUE(members);
    for (int name = 0; name < JwkMembers::kCount; ++name)
        EXPECT_FALSE((*members)[static_cast<JwkMembers::Name>(name)]) << name;
}

TEST(GivenSomethingElseThanAnObject, ItIsRefused) {
    for (const std::string_view text : {"null", "1", "true", R"("kty")", "[]", R"([{"kty":"RSA"}])"}) {
        const auto members = read(text);
        ASSERT_FALSE(members) << text;
        EXPECT_EQ(members.error(), KeyFault::not_an_object);
    }
}

TEST(GivenAMemberTwice, ItIsRefused) {
    for (const std::string_view text : {R"({"kid":"a","kid":"a"})", R"({"kid":"a","\u006bid":"b"})",
                                        R"({"unknown":1,"unknown":2})", R"({"unknown":{"a":1,"a":2}})"}) {
        const auto members = read(text);
        ASSERT_FALSE(members) << text;
        EXPECT_EQ(members.error(), KeyFault::duplicate_member);
    }
}

TEST(GivenAMemberOfTheWrongType, ItIsRefused) {
    const auto expect_refused = [](std::string_view type, std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names)
            for (const std::string_view value : {"1", "1.5", "true", "{}", name == "key_ops" ? R"("verify")" : "[]"}) {
                const std::string text =
                    "{" + std::string(type) + "\"" + std::string(name) + "\":" + std::string(value) + "}";
                const auto members = read(text);
                ASSERT_FALSE(members) << text;
                EXPECT_EQ(members.error(), KeyFault::bad_member) << text;
            }
    };
    expect_refused("", {"kty"});
    expect_refused(R"("kty":"RSA",)", {"kid", "use", "alg", "n", "e", "d", "key_ops"});
    expect_refused(R"("kty":"EC",)", {"kid", "use", "alg", "crv", "x", "y", "d", "key_ops"});
    expect_refused(R"("kty":"OKP",)", {"kid", "use", "alg", "crv", "x", "d", "key_ops"});
}

TEST(GivenAMemberThatIsNull, ItIsAbsent) {
    for (const std::string_view name : {"kty", "kid", "use", "alg", "crv", "n", "e", "x", "y", "d", "key_ops"}) {
        const auto members = read("{\"" + std::string(name) + "\":null}");
        ASSERT_TRUE(members) << name;
        for (int each = 0; each < JwkMembers::kCount; ++each)
            EXPECT_FALSE((*members)[static_cast<JwkMembers::Name>(each)]) << name;
        EXPECT_TRUE(members->allow_verifying());
    }
}

TEST(GivenAMemberOfKeysOfOtherTypes, ItIsIgnoredWhateverItIs) {
    for (const std::string_view value : {"1", "true", "{}", "[]", R"("text")", "null"}) {
        for (const std::string_view name : {"crv", "x", "y"})
            EXPECT_TRUE(read(R"({"kty":"RSA",")" + std::string(name) + "\":" + std::string(value) + "}"))
                << name << value;
        for (const std::string_view name : {"n", "e"})
            EXPECT_TRUE(read(R"({"kty":"EC",")" + std::string(name) + "\":" + std::string(value) + "}"))
                << name << value;
    }
}

TEST(GivenAKeyTypeThatIsNotKnown, OnlyMembersOfEveryKeyAreReadForTheirType) {
    for (const std::string_view type : {R"("kty":"oct",)", R"("kty":"AKP",)", ""}) {
        const auto with = [type](std::string_view name) {
            return "{" + std::string(type) + "\"" + std::string(name) + "\":5}";
        };
        for (const std::string_view name : {"crv", "n", "e", "x", "y", "d"})
            EXPECT_TRUE(read(with(name))) << with(name);
        for (const std::string_view name : {"kid", "use", "alg", "key_ops"}) {
            const auto members = read(with(name));
            ASSERT_FALSE(members) << with(name);
            EXPECT_EQ(members.error(), KeyFault::bad_member) << with(name);
        }
    }
}

TEST(GivenUseAndOperations, BothMustAllowVerifying) {
    struct Row {
        std::string_view text;
        bool allowed;
    };
    for (const auto& [text, allowed] : {
             Row{"{}", true},
             {R"({"use":"sig"})", true},
             {R"({"use":"enc"})", false},
             {R"({"use":"SIG"})", false},
             {R"({"use":""})", false},
             {R"({"key_ops":["verify"]})", true},
             {R"({"key_ops":["sign","verify"]})", true},
             {R"({"key_ops":[]})", false},
             {R"({"key_ops":["sign"]})", false},
             {R"({"key_ops":["encrypt","wrapKey"]})", false},
             {R"({"key_ops":["Verify"]})", false},
             {R"({"key_ops":[1,null]})", false},
             {R"({"use":"sig","key_ops":["verify"]})", true},
             {R"({"use":"sig","key_ops":["sign"]})", false},
             {R"({"use":"enc","key_ops":["verify"]})", false},
         }) {
        const auto members = read(text);
        ASSERT_TRUE(members) << text;
        EXPECT_EQ(members->allow_verifying(), allowed) << text;
    }
}

TEST(GivenAMember, ItIsAViewIntoTheDocument) {
    json::Document document(16);
    const auto value = document.parse(R"({"kid":"a"})");
    const auto members = JwkMembers::read(*value);

    ASSERT_TRUE(members);
    EXPECT_EQ((*members)[JwkMembers::kid]->data(), json::text_of(value->at_key("kid").value())->data());
}

}  // namespace
}  // namespace authjwks
