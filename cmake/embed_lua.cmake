cmake_policy(SET CMP0054 NEW) # quoted words are words
# Writes OUT: for each script NAME.lua in DIR (but common.lua) a string `qv_lua_NAME` of
# common.lua followed by it. Bytes are written as numbers: no quoting rules to get wrong.
file(READ ${DIR}/common.lua common HEX)
file(GLOB scripts ${DIR}/*.lua)
list(SORT scripts)
set(text "/* Written by cmake/embed_lua.cmake from the scripts of src/store. */\n")
foreach(script IN LISTS scripts)
  get_filename_component(name ${script} NAME_WE)
  if(name STREQUAL "common")
    continue()
  endif()
  file(READ ${script} body HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${common}0a${body}")
  string(APPEND text "static const char qv_lua_${name}[] = {${bytes}0};\n")
endforeach()
file(WRITE ${OUT} "${text}")
