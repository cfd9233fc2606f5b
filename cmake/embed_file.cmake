# Writes OUT: the content of FILE as a string called NAME. Bytes are written as numbers: no quoting
# rules to get wrong.
file(READ ${FILE} body HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${body}")
get_filename_component(from ${FILE} NAME)
file(WRITE ${OUT} "/* Written by cmake/embed_file.cmake from ${from}. */\n"
     "static const char ${NAME}[] = {${bytes}0};\n")
