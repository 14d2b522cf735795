#include "chaosd/docker/store_volume.hpp"

#include <gmock/gmock.h>

namespace faultline::chaos {
namespace {

using ::testing::HasSubstr;

std::string inspected(const std::string& arguments, const std::string& mounts) {
  return R"({"Args":[)" + arguments + R"(],"Mounts":[)" + mounts + "]}";
}

const std::string kData = R"({"Type":"volume","Name":"data","Destination":"/data","RW":true})";
const std::string kDeep = R"({"Type":"bind","Source":"/mnt/b","Destination":"/data/b","RW":true})";
const std::string kCerts = R"({"Type":"bind","Source":"/c","Destination":"/certs","RW":false})";
const std::string kTemp = R"({"Type":"tmpfs","Source":"","Destination":"/tmp","RW":true})";

TEST(StoreVolume, IsWhereTheStoreIs) {
  const std::string both = kData + "," + kDeep;
  for (const std::string flag :
       {R"("--store=/data/b")", R"("--store","/data/b/c")", R"("-s=path=/data/b,size=1GiB")",
        R"("start","--store=size=1GiB,path=/data/b","--store=/data")"}) {
    EXPECT_EQ(*read_store_volume(inspected(flag, both)), (StoreVolume{"bind", "/mnt/b"})) << flag;
  }
  EXPECT_EQ(*read_store_volume(inspected(R"("--store=/data/bc")", both)),
            (StoreVolume{"volume", "data"}));
}

TEST(StoreVolume, IsTheOnlyOneThatCanBeWritten) {
  const auto found = read_store_volume(inspected("", kCerts + "," + kTemp + "," + kData));
  EXPECT_EQ(*found, (StoreVolume{"volume", "data"}));
}

TEST(StoreVolume, IsRefusedInWordsWhenThereIsNone) {
  const auto none = read_store_volume(inspected("", kCerts));
  EXPECT_EQ(none.error().code, ErrorCode::unsupported);
  EXPECT_THAT(none.error().message, HasSubstr("give it a volume"));
  const auto elsewhere = read_store_volume(inspected(R"("--store=/x")", kData + "," + kDeep));
  EXPECT_THAT(elsewhere.error().message, HasSubstr("--store"));
  EXPECT_FALSE(read_store_volume("no JSON"));
  EXPECT_FALSE(read_store_volume(R"({"Args":null,"Mounts":[1,{"RW":1}]})"));
}

}  // namespace
}  // namespace faultline::chaos
