"""Words of wikitext in the larger languages: namespaces, redirects, infoboxes and pictures.

A dump names only the current words of its wiki; pages also use English and earlier ones. A space
separates words; `_` is a space within one.
"""

# Words of the namespaces of files and of categories, by the language in the name of a wiki.
NAMESPACES = {
    "ar": ("ملف صورة", "تصنيف"),
    "az": ("şəkil fayl", "kateqoriya"),
    "be": ("файл выява", "катэгорыя"),
    "bg": ("файл картинка", "категория"),
    "bn": ("চিত্র", "বিষয়শ্রেণী"),
    "ca": ("fitxer imatge", "categoria"),
    "cs": ("soubor", "kategorie"),
    "cy": ("delwedd", "categori"),
    "da": ("fil billede", "kategori"),
    "de": ("datei bild", "kategorie"),
    "el": ("αρχείο εικόνα", "κατηγορία"),
    "eo": ("dosiero", "kategorio"),
    "es": ("archivo imagen", "categoría"),
    "et": ("fail pilt", "kategooria"),
    "eu": ("fitxategi irudi", "kategoria"),
    "fa": ("پرونده تصویر", "رده"),
    "fi": ("tiedosto kuva", "luokka"),
    "fr": ("fichier", "catégorie"),
    "gl": ("ficheiro imaxe", "categoría"),
    "he": ("קובץ תמונה", "קטגוריה"),
    "hi": ("चित्र", "श्रेणी"),
    "hr": ("datoteka slika", "kategorija"),
    "hu": ("fájl kép", "kategória"),
    "hy": ("պատկեր", "կատեգորիա"),
    "id": ("berkas gambar", "kategori"),
    "it": ("immagine", "categoria"),
    "ja": ("ファイル 画像", "カテゴリ"),
    "ka": ("ფაილი სურათი", "კატეგორია"),
    "ko": ("파일 그림", "분류"),
    "la": ("fasciculus imago", "categoria"),
    "lt": ("vaizdas", "kategorija"),
    "lv": ("attēls", "kategorija"),
    "ms": ("fail imej", "kategori"),
    "nl": ("bestand afbeelding", "categorie"),
    "nn": ("fil bilde", "kategori"),
    "no": ("fil bilde", "kategori"),
    "pl": ("plik grafika", "kategoria"),
    "pt": ("ficheiro imagem arquivo", "categoria"),
    "ro": ("fișier fişier imagine", "categorie"),
    "ru": ("файл изображение", "категория"),
    "sh": ("datoteka slika", "kategorija"),
    "sk": ("súbor obrázok", "kategória"),
    "sl": ("slika datoteka", "kategorija"),
    "sr": ("датотека слика datoteka slika", "категорија kategorija"),
    "sv": ("fil bild", "kategori"),
    "ta": ("படிமம்", "பகுப்பு"),
    "th": ("ไฟล์ ภาพ", "หมวดหมู่"),
    "tr": ("dosya resim", "kategori"),
    "uk": ("файл зображення", "категорія"),
    "ur": ("ملف تصویر", "زمرہ"),
    "vi": ("tập_tin hình", "thể_loại"),
    "zh": ("文件 档案 檔案 图像 圖像", "分类 分類"),
}

# The magic words of redirects, without the #.
REDIRECTS = (
    "redirect redirection redirección redirecció redirecionamento rinvia "
    "weiterleitung doorverwijzing omdirigering omdirigér omdiriger viderekobling videresending "
    "ohjaus uudelleenohjaus přesměruj presmeruj átirányítás yönlendirme yönlendir patrz "
    "przekieruj tam redirectează alidirekti alidirektu birzuzendu alih lencongkan đổi "
    "redirecteaza pārvirzīt ridrejto adkas ail-cyfeirio athsheoladh վերահղում айдау "
    "istiqamətləndirmə পুনর্নির্দেশ வழிமாற்று رجوع_مکرر "
    "preusmeritev preusmjeri suuna peradresavimas ανακατευθυνση ανακατεύθυνση "
    "перенаправление перенапр перенаправлення перенаправляне пренасочване виж преусмери "
    "перанакіраваньне הפניה تحويل تغییر_مسیر تغییرمسیر रिडाइरेक्ट 넘겨주기 転送 リダイレクト "
    "重定向 เปลี่ยนทาง გადამისამართება"
)

# Names of infoboxes: words before the kind, after it, and infoboxes whose name is their kind.
BEFORE_KIND = (
    "infoboks infoboxe infocaseta infotaula infokutija infookvir infopolje informkesto "
    "ficha_de_la ficha_del ficha_de ficha faktamall gwybodlen tietolaatikko bilgi_kutusu "
    "карточка картка инфокутия инфокутија πληροφορίες տեղեկաքարտ ინფოდაფა "
    "thông_tin hộp_thông_tin kotak_info جعبه_اطلاعات صندوق_معلومات خانہ_معلومات "
    "กล่องข้อมูล ज्ञानसन्दूक তথ্যছক தகவற்பெட்டி 基礎情報 信息框 資訊框 정보상자"
)
AFTER_KIND = "infobox infotaula infokaste infokast bilgi_kutusu 정보"
BOXES = (
    "taxobox tassobox taksoboks taksobox taxocaseta taxo_boks таксобокс speciesbox subspeciesbox "
    "infraspeciesbox hybridbox ichnobox oobox virusbox chembox drugbox geobox starbox planetbox"
)
# Where a wiki's infoboxes have no common word: the most used ones, and only names that mean
# nothing else in other wikis.
BOX_ALONE = (
    "таксон таксономія 生物分類表 생물_분류 bảng_phân_loại تصنيف_كائن eliö "
    # Italian
    "bio sportivo artista_musicale carica_pubblica divisione_amministrativa edificio_religioso "
    "squadra_di_calcio corpo_celeste composto_chimico fictiontv videogioco azienda "
    # Russian
    "персона учёный писатель художник музыкант кинематографист спортсмен футболист хоккеист "
    "военный_деятель государственный_деятель религиозный_деятель философ фильм мультфильм "
    "телесериал телепередача литературное_произведение музыкальный_альбом сингл "
    "музыкальный_коллектив компания организация вуз государство река озеро остров аэропорт "
    "вооружённый_конфликт компьютерная_игра нп нп2 нп-россия нп-украина нп-белоруссия нп-сша "
    # Ukrainian
    "особа науковець письменник митець спортсмен футболіст військовик фільм телесеріал "
    "музичний_альбом музичний_гурт компанія університет річка "
    # Japanese
    "actoractress"
)

# Words in the names of parameters and templates that hold a picture.
PICTURES = (
    "image img imagen imagem immagine imatge imaxe imagine foto photo picture pic bild bilde "
    "billede afbeelding grafika zdjęcie obrázek kuva kép resim görsel irudia slika gambar hình "
    "logo cover poster изображение картинка фото зображення слика снимка εικόνα תמונה صورة تصویر "
    "画像 사진 그림 图像 圖像 图片 圖片 illustration skyline screenshot panorama"
)

# Words for the pixels of a picture's size, behind the number.
PIXELS = (
    "px пкс пікс пкз пиксел п pixelů pixel bod pik piksel بك پیکسل پکسل פיקסלים εσ փքս პქ "
    "पिक्सेल পিক্সেল পিক্স பிக்சல் พิกเซล 像素 ピクセル 픽셀"
)
