#include "keys/issuer_hint.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(GivenPlainText, ItsExcerptIsTheTextInQuotes) {
    EXPECT_EQ(excerpt(""), R"("")");
    EXPECT_EQ(excerpt("https://issuer.example/?a=b&c~"), R"("https://issuer.example/?a=b&c~")");
}

// A log must not get lines, colours or ends of quotes from a server.
TEST(GivenTextThatALogWouldObey, ItsExcerptIsEscaped) {
    EXPECT_EQ(excerpt("a\nb\r\t"), R"("a\x0ab\x0d\x09")");
    EXPECT_EQ(excerpt("\x1B[31m"), R"("\x1b[31m")");
    EXPECT_EQ(excerpt(std::string_view("\0\x7F", 2)), R"("\x00\x7f")");
    EXPECT_EQ(excerpt("\"\\"), R"("\x22\x5c")");
    EXPECT_EQ(excerpt("\xC3\xA4\xE2\x80\xAE"), R"("\xc3\xa4\xe2\x80\xae")");
}

TEST(GivenLongText, ItsExcerptHas200CharactersAtMost) {
    EXPECT_EQ(excerpt(std::string(200, 'a')), '"' + std::string(200, 'a') + '"');
    EXPECT_EQ(excerpt(std::string(201, 'a')), '"' + std::string(200, 'a') + "\"...");
    EXPECT_EQ(excerpt(std::string(5000, 'a')), '"' + std::string(200, 'a') + "\"...");
    std::string escaped;
    for (int i = 0; i < 50; ++i) escaped += "\\x0a";
    EXPECT_EQ(excerpt(std::string(50, '\n')), '"' + escaped + '"');
    EXPECT_EQ(excerpt(std::string(51, '\n')), '"' + escaped + "\"...");
    EXPECT_EQ(excerpt(std::string(197, 'a') + "\n"), '"' + std::string(197, 'a') + "\"...") << "no half of an escape";
}

TEST(GivenTwoIssuers, TheHintNamesTheirDifference) {
    struct Row {
        std::string_view configured, found, hint;
    };
    constexpr std::string_view with_slash = "Set issuer to that text, with a slash at its end.",
                               without_slash = "Set issuer to that text, without a slash at its end.";
    for (const auto& [configured, found, hint] : {
             Row{"https://a.example", "https://a.example/", with_slash},
             {"https://a.example/r", "https://a.example/r/", with_slash},
             {"https://a.example/", "https://a.example", without_slash},
         })
        EXPECT_EQ(issuer_hint(configured, found), hint) << found;
}

TEST(GivenTwoIssuers, TheHintBeginsWithWhatDiffers) {
    struct Row {
        std::string_view configured, found, begin;
    };
    for (const auto& [configured, found, begin] : {
             Row{"https://login.example/common/v2.0", "https://login.example/{tenantid}/v2.0",
                 "This is the metadata of all tenants:"},
             {"https://a.example/Realm", "https://a.example/realm", "Set issuer to that text: capitals"},
             {"https://A.example/realm", "https://a.example/realm", "Set issuer to that text: capitals"},
             {"https://a.example/realm", "http://a.example/realm", "Set issuer to that text, with that scheme;"},
             {"http://a.example/realm", "https://a.example/realm", "Set issuer to that text, with that scheme;"},
             {"https://a.example/one", "https://a.example/two", "The path differs:"},
             {"https://a.example", "https://a.example/realms/one", "The path differs:"},
             {"https://a.example/one", "https://A.example/two", "The path differs:"},
         })
        EXPECT_TRUE(issuer_hint(configured, found).starts_with(begin)) << issuer_hint(configured, found);
}

TEST(GivenIssuersThatHaveNothingInCommon, ThereIsNoHint) {
    for (const std::string_view found : {"https://b.example/", "", "a.example.evil.example", "https://a.example:8443/",
                                         "https://a.example.evil.example/"})
        EXPECT_EQ(issuer_hint("https://a.example/x", found), "") << found;
}

// It would be text of the server in a log, without quotes.
TEST(GivenAnyIssuer, TheHintDoesNotRepeatIt) {
    for (const std::string_view found :
         {"https://a.example/secret/", "https://a.example/SECRET", "http://a.example/secret", "https://a.example/other",
          "https://a.example/secret/{tenantid}"}) {
        const std::string_view hint = issuer_hint("https://a.example/secret", found);
        EXPECT_NE(hint, "");
        EXPECT_EQ(hint.find("example"), std::string::npos) << hint;
    }
}

}  // namespace
}  // namespace authjwks
